import { expect, it } from "vitest";
import { fakeFinding, fakeResults } from "../test/support/results.js";
import { articleAnswer, type PublishedRun } from "./article-answer.js";

const NEEDED = [
  "iptables-slope",
  "ipvs-chains",
  "work-constant",
  "hash-time-rise",
  "trie-logarithm",
  "established",
  "established-hash",
  "update",
];
const run = (name: string, ids: readonly string[], charts: readonly string[] = []): PublishedRun => ({
  name,
  charts,
  results: fakeResults({ findings: ids.map((id) => fakeFinding(id, `${name} found ${id}`)) }),
});

it("takes the evidence of each claim from the first run that has it, with its lane and a link", () => {
  const text = articleAnswer([
    run("2026-a", ["established"], ["established"]),
    run("2026-b", NEEDED, ["established", "logarithm"]),
  ]);
  expect(text.match(/^## “/gm)).toHaveLength(5);
  expect(text).toMatch(/^- .*2026-a found established.* \(\[model\]\(2026-a\/\)\)$/m);
  expect(text).toMatch(/2026-b found update/);
  expect(text).toContain("](2026-a/charts/established.svg)");
  expect(text).toContain("](2026-b/charts/logarithm.svg)");
});

it("gives no verdict whose evidence no run has", () => {
  const verdict = /Calico's, whose frontends are a trie/;
  expect(articleAnswer([run("2026-a", NEEDED)])).toMatch(verdict);
  const text = articleAnswer([
    run(
      "2026-a",
      NEEDED.filter((id) => id !== "trie-logarithm"),
    ),
  ]);
  expect(text).not.toMatch(verdict);
  expect(text.match(/No run below has measured what an answer needs\./g)).toHaveLength(1);
});

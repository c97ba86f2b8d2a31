import { expect, test } from "vitest";
import { KnownChains } from "./known-chains.js";

const table = (rule: string): string =>
  [
    "table ip kube-proxy {",
    "\tchain nat-output {",
    "\t\ttype nat hook output priority -100; policy accept;",
    "\t\tjump services",
    "\t}",
    "\tchain service-A {",
    `\t\t${rule}`,
    "\t}",
    "}",
    "",
  ].join("\n");
/** What nft lists for a table: it writes some things in its own words. */
const list = (text: string): string => text.replace("drop", "counter drop");

test("known chains: what was listed before is not loaded again, but for base chains", () => {
  const known = new KnownChains();
  expect(known.withoutKnown(table("drop"))).toBe(table("drop"));
  known.complete(table("drop"), list(table("drop")));
  const reduced = known.withoutKnown(table("drop"));
  expect(reduced).not.toContain("drop");
  expect(reduced).toContain("\tchain service-A {\n\t}\n");
  expect(reduced).toContain("jump services");
});

test("known chains: a listing of the others is completed with what was listed before", () => {
  const known = new KnownChains();
  known.complete(table("drop"), list(table("drop")));
  expect(known.complete(table("drop"), list(known.withoutKnown(table("drop"))))).toBe(list(table("drop")));
});

test("known chains: a chain with another rule is loaded, and listed as the kernel has it", () => {
  const known = new KnownChains();
  known.complete(table("drop"), list(table("drop")));
  const changed = table("ip saddr 192.0.2.1 drop");
  expect(known.withoutKnown(changed)).toBe(changed);
  expect(known.complete(changed, list(changed))).toBe(list(changed));
});

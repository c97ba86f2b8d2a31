import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { measuredCells } from "../analysis/findings/common.js";
import { findFindings } from "../analysis/findings/index.js";
import { slidesOf } from "../output/slides/slides.js";
import { claimant } from "../results/descriptors.js";
import { readResults } from "../results/files.js";
import { ascending } from "../results/select.js";
import { logarithm } from "./logarithm.js";
import { logarithmTime } from "./logarithm-time.js";

const VIEW = { theme: "light", width: 1600, height: 900 } as const;
/** The published run of the default profile, with findings of today. */
const published = readResults(fileURLToPath(new URL("../../results/default", import.meta.url)));
const results = { ...published, findings: findFindings(published) };
const cellsOf = (kind: "hash" | "trie" | "list") =>
  ascending(measuredCells(results).filter(({ plane }) => plane === claimant(results, kind)));
const visits = (cell: ReturnType<typeof cellsOf>[number]) => cell.work!.rulesVisited + cell.work!.hashProbes;

/** Least squares of y over a + b·f(N), as textbooks have it; relative errors. */
function fit(points: readonly (readonly [x: number, y: number])[]) {
  const weights = points.map(([, y]) => 1 / y ** 2);
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, [x, y], i) => total + weights[i]! * of(x, y), 0);
  const [w, wx, wy, wxx, wxy] = [
    sum(() => 1),
    sum((x) => x),
    sum((_, y) => y),
    sum((x) => x * x),
    sum((x, y) => x * y),
  ];
  const spread = w * wxx - wx * wx;
  const b = spread === 0 ? 0 : (w * wxy - wx * wy) / spread;
  const a = (wy - b * wx) / w;
  return { a, b, worst: Math.max(...points.map(([x, y]) => Math.abs(a + b * x - y) / y)) };
}

const LAWS = { "1": () => 0, "log N": Math.log2, N: (n: number) => n };

function built(chart: typeof logarithm) {
  const picture = chart.build(results, VIEW);
  if ("skipped" in picture) throw new Error(picture.skipped);
  return picture;
}

describe("the O(log n) charts of the published run, recomputed from its results.json", () => {
  it.each([
    ["trie", "log N"],
    ["hash", "1"],
    ["list", "N"],
  ] as const)(
    "count work in the %s that only a + b·f(N) with f = %s describes within a quarter, simplest first",
    (kind, law) => {
      const points = cellsOf(kind).map((cell) => [cell.services, visits(cell)] as const);
      expect(points.length).toBeGreaterThan(4);
      const describing = Object.entries(LAWS).filter(
        ([, of]) => fit(points.map(([n, y]) => [of(n), y] as const)).worst < 0.25,
      );
      expect(describing[0]?.[0]).toBe(law);
    },
  );

  it("draw each count and each median as the cells hold them", () => {
    for (const [chart, value] of [
      [logarithm, visits],
      [logarithmTime, (cell: Parameters<typeof visits>[0]) => cell.estimate.median],
    ] as const) {
      const { datasets } = built(chart).config.data;
      const drawn = (kind: "hash" | "trie") => {
        const label = results.planes![claimant(results, kind)]!.label;
        return datasets
          .find((dataset) => dataset.label === label)!
          .data.map((point) => {
            const { x, y } = point as { x: number; y: number };
            return [x, y];
          });
      };
      for (const kind of ["hash", "trie"] as const) {
        expect(drawn(kind)).toEqual(cellsOf(kind).map((cell) => [cell.services, value(cell)]));
      }
    }
  });

  it("say by how many nodes a doubling deepens the trie, as the same fit has it", () => {
    const { b } = fit(cellsOf("trie").map((cell) => [Math.log2(cell.services), visits(cell)] as const));
    const finding = results.findings.find(({ id }) => id === "trie-logarithm")!;
    expect(finding.value).toBeCloseTo(b, 1);
    expect(built(logarithm).title).toBe(finding.headline);
  });

  it("call the hash table's time O(1) where it rises by no more than a quarter, and only there", () => {
    const { sentence } = results.findings.find(({ id }) => id === "cache-regimes")!;
    const [, until, law] = sentence.match(
      /eBPF hash takes [^.]*? up to ([\d,]+) Services(, in time O\(1\))?/,
    )!;
    const cached = cellsOf("hash").filter(({ services }) => services <= Number(until!.replaceAll(",", "")));
    const medians = cached.map(({ estimate }) => estimate.median);
    expect(Math.max(...medians) <= 1.25 * Math.min(...medians)).toBe(law !== undefined);
  });

  it("say what a node costs in each cache regime, and where trie and hash table overtake each other", () => {
    const finding = results.findings.find(({ id }) => id === "cache-regimes")!;
    const costs = cellsOf("trie").map(
      (cell) => [cell.services, cell.estimate.median / visits(cell)] as const,
    );
    const [, until, law] = finding.sentence.match(
      /per node or entry up to ([\d,]+) Services(, in time O\(log N\))?/,
    )!;
    const last = Number(until!.replaceAll(",", ""));
    const cached = costs.filter(([n]) => n <= last).map(([, ns]) => ns);
    const beyond = costs.filter(([n]) => n > last).map(([, ns]) => ns);
    expect(Math.min(...beyond)).toBeGreaterThan(1.5 * Math.min(...cached));
    const { b } = fit(
      cellsOf("trie")
        .filter(({ services }) => services <= last)
        .map((cell) => [Math.log2(cell.services), cell.estimate.median] as const),
    );
    // With a law it is the price of a doubling: errors are relative there and logarithms here. Else that of a node beyond.
    if (law === undefined) expect(finding.value).toBe(beyond.at(-1));
    else expect(Math.abs(finding.value / b - 1)).toBeLessThan(0.1);
    // Where the cells themselves change sides, neighbouring N by neighbouring N.
    const hash = new Map(cellsOf("hash").map((cell) => [cell.services, cell.estimate.median]));
    const shared = cellsOf("trie").filter(({ services }) => hash.has(services));
    const sides = shared.map((cell) => Math.sign(cell.estimate.median - hash.get(cell.services)!));
    const changes = sides.slice(1).filter((side, i) => side !== sides[i]).length;
    expect([...finding.sentence.matchAll(/is faster from [\d,.]+ Services/g)]).toHaveLength(changes);
  });

  it("have slides of their own in the deck", () => {
    const slides = slidesOf(results, VIEW).map(({ chart, finding }) => `${chart.id}: ${finding?.id}`);
    expect(slides).toContain("logarithm: trie-logarithm");
    expect(slides).toContain("logarithm-time: cache-regimes");
  });
});

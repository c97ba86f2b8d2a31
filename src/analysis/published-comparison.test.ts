import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { REFERENCES, referenceById } from "../reference/index.js";
import { resultsSchema } from "../results/schema.js";
import { againstReferences, compareWith } from "./published-comparison.js";
import {
  formatSource,
  formatSourceDifferences,
  referenceTable,
  shapeTable,
} from "./published-comparison-text.js";
import type { Shape } from "./published-shape.js";

/** A run without noise: `time` is what each lookup takes, and iptables visits `rules`. */
function exactRun(
  time: (plane: string, n: number) => number,
  rules: (n: number) => number,
  services: number[],
) {
  const run = fakeResults({ planes: ["iptables", "ipvs", "nftables", "ebpf"], services });
  for (const cell of run.cells) {
    const ns = time(cell.plane, cell.services);
    cell.estimate = { median: ns, interval: [ns, ns], kind: "ci95" };
    if (cell.plane === "iptables") cell.work!.rulesVisited = rules(cell.services);
    for (const replicate of cell.replicates) replicate.median = ns;
  }
  return run;
}

const find = (shapes: readonly Shape[], quantity: string, plane: string) =>
  shapes.find((shape) => shape.quantity === quantity && shape.plane === plane)!;

/** The article's own numbers, as if the run had measured them. */
const article = () =>
  exactRun(
    (plane, n) => (plane === "iptables" ? 292_000 + ((576 - 292) * 1000 * (n - 1)) / 2767 : 300_000),
    (n) => 4 * n + 6,
    [1, 100, 1000, 2000, 2768],
  );

describe("a run compared with published measurements", () => {
  it("that has the article's own numbers is alike in growth, slope and flatness", () => {
    const { shapes, rulesPerService, constantParts } = compareWith(referenceById("cilium-1.6")!, article());
    expect(find(shapes, "growth", "iptables").published.value).toBeCloseTo(576 / 292, 10);
    expect(find(shapes, "slope", "iptables").published.value).toBeCloseTo(102.64, 2);
    expect(find(shapes, "slope per rule", "iptables").run).toMatchObject({
      value: expect.closeTo(25.66, 2),
    });
    expect(find(shapes, "flatness", "ebpf")).toMatchObject({
      published: { value: 301 / 297 },
      run: { value: 1 },
    });
    expect(shapes.map(({ verdict }) => verdict)).toEqual(shapes.map(() => "alike"));
    expect(rulesPerService).toMatchObject({ published: { value: 4 }, run: 4 });
    expect(constantParts[1]!.run).toBeCloseTo(292 / 576, 10);
  });

  it("that grows more, or costs less per service, is said to", () => {
    const run = exactRun(
      (plane, n) => (plane === "iptables" ? 100 + 15 * n : 60),
      (n) => 1.5 * n,
      [1, 1000, 2768],
    );
    const { shapes } = compareWith(referenceById("cilium-1.6")!, run);
    expect(find(shapes, "growth", "iptables").verdict).toBe("run higher");
    expect(find(shapes, "slope", "iptables")).toMatchObject({
      run: { value: 15 },
      verdict: "run lower",
    });
    const verdicts = shapeTable(compareWith(referenceById("cilium-1.6")!, run)).map((row) => row[5]);
    expect(verdicts).toContain("the run grows more");
    expect(verdicts).toContain("a Service costs less in the run");
    const words = formatSourceDifferences(compareWith(referenceById("cilium-1.6")!, run), run).join("\n");
    expect(words).toMatch(/a rule costs 2\.6 times \[2\.5, 2\.6\] as much there as in the run/);
    expect(words).toMatch(/additional rules visited per Service: 4 \(.*\); in the run 1\.50, counted/);
    expect(words).toMatch(/the run times the choice of an endpoint alone/);
    expect(words).toContain(run.environment.cpu);
  });

  it("that overlaps the published interval is alike, on whichever side its middle lies", () => {
    // Growth from 1 to 2,768 Services: published 1.947 to 1.998, the run's replicates around 2.5.
    const run = exactRun(
      (_plane, n) => (n === 1 ? 100 : 250),
      (n) => n,
      [1, 2768],
    );
    const verdict = (spread: number) => {
      for (const { replicates } of run.cells.filter((cell) => cell.plane === "iptables" && cell.services > 1))
        for (const [i, replicate] of replicates.entries()) replicate.median = 250 + spread * (i - 3);
      return find(compareWith(referenceById("cilium-1.6")!, run).shapes, "growth", "iptables").verdict;
    };
    expect(verdict(1)).toBe("run higher");
    expect(verdict(25)).toBe("alike");
  });

  it("puts the reading error of a chart into the published interval", () => {
    const { published } = find(
      compareWith(referenceById("cilium-1.6")!, article()).shapes,
      "growth",
      "iptables",
    );
    expect(published.interval).toEqual([573.5 / 294.5, 578.5 / 289.5]);
    const slope = find(compareWith(referenceById("cilium-1.6")!, article()).shapes, "slope", "iptables");
    expect(slope.published.interval).toEqual([279_000 / 2767, 289_000 / 2767]);
    const printed = compareWith(
      referenceById("eks")!,
      exactRun(
        () => 10,
        (n) => n,
        [1, 1000],
      ),
    );
    expect(printed.shapes[0]!.published.interval).toBeNull();
  });

  it("compares over the published sizes that it encloses, and says where it ends", () => {
    const part = exactRun(
      (_plane, n) => n,
      (n) => n,
      [1, 10_000],
    );
    const growth = compareWith(referenceById("kubernetes-nftables")!, part).shapes[0]!;
    expect([growth.from, growth.to]).toEqual([5000, 10_000]);
    expect(growth.run).toMatchObject({ value: 2 });
    const short = exactRun(
      (_plane, n) => n,
      (n) => n,
      [1, 100],
    );
    expect(compareWith(referenceById("kubernetes-nftables")!, short).shapes[0]!.run).toEqual({
      unavailable: "the run measured iptables from 1 to 100 Services",
    });
  });

  it("compares p99 / p50 of single packets with the published ones", () => {
    const run = exactRun(
      (_plane, n) => n,
      (n) => n,
      [5000, 10_000, 30_000],
    );
    const exactly = (value: number) => ({ value, interval: [value, value] as [number, number] });
    for (const cell of run.cells) {
      cell.percentiles =
        cell.plane === "iptables"
          ? {
              lookups: 1000,
              p01: exactly(1),
              p50: exactly(100),
              p90: exactly(180),
              p99: exactly(198),
              p999: null,
            }
          : null;
      cell.percentilesReason = cell.plane === "iptables" ? null : "too short";
    }
    const ratios = compareWith(referenceById("kubernetes-nftables")!, run).shapes.filter(
      ({ quantity }) => quantity === "p99 / p50",
    );
    expect(ratios.map(({ plane, from }) => `${plane} ${from}`)).toEqual([
      "iptables 5000",
      "iptables 10000",
      "iptables 30000",
      "nftables 5000",
      "nftables 10000",
      "nftables 30000",
    ]);
    expect(ratios[0]!.run).toMatchObject({ value: 1.98 });
    expect(ratios[0]!.published.value).toBeCloseTo(0.154 / 0.049, 10);
    expect(ratios[3]!.run).toEqual({ unavailable: "too short" });
  });

  it("takes the inverse of a saturating rate as time of all its cores", () => {
    const { shapes } = compareWith(
      referenceById("tke")!,
      exactRun(
        (_plane, n) => n,
        (n) => n,
        [1, 30_000],
      ),
    );
    expect(find(shapes, "growth", "iptables").published.value).toBeCloseTo(22_237 / 9057, 10);
    // The source's own reading: about 10 core-nanoseconds per service.
    expect(find(shapes, "slope", "iptables").published.value).toBeCloseTo(10.47, 1);
  });

  it("counts what a change writes next to published times of changing rules", () => {
    const run = exactRun(
      (_plane, n) => n,
      (n) => n,
      [1, 20_000],
    );
    for (const cell of [...run.cells]) {
      run.cells.push({
        ...cell,
        scenario: "update",
        replicates: [],
        counts: { "join bytes": cell.services },
      });
    }
    const { shapes } = compareWith(referenceById("huawei-add-rule")!, resultsSchema.parse(run));
    expect(shapes).toMatchObject([
      { quantity: "growth", run: { value: 20_000, interval: [20_000, 20_000] } },
    ]);
  });

  it("has a part for every published data set, and no number where it measured nothing", () => {
    const nothing = fakeResults({ planes: ["direct"] });
    const comparisons = againstReferences(nothing);
    expect(comparisons.map(({ reference }) => reference.id)).toEqual(REFERENCES.map(({ id }) => id));
    for (const comparison of comparisons) {
      for (const { run, verdict } of comparison.shapes) {
        expect("unavailable" in run).toBe(true);
        expect(verdict).toBeNull();
      }
      expect(
        shapeTable(comparison)
          .slice(1)
          .every((row) => row[4] === "–" && row[5] === "not measured"),
      ).toBe(true);
      expect(
        formatSourceDifferences(comparison, nothing).every((line) => line.startsWith("not measured, ")),
      ).toBe(true);
    }
  });
});

describe("published measurements as text", () => {
  it("name their source, how they were read and with which error", () => {
    expect(formatSource(referenceById("cilium-1.6")!).join("\n")).toMatch(
      /2019-08-20\nhttps:\/\/cilium\.io\/.*\n.*\[µs; read from its chart, ±2\.5 µs\]/,
    );
  });

  it("are a line for each number of services", () => {
    expect(referenceTable(referenceById("tke-time")!)).toEqual([
      ["services", "iptables"],
      ["5,000", "45"],
      ["10,000", "57.9"],
      ["20,000", "77.4"],
      ["30,000", "110.4"],
    ]);
  });
});

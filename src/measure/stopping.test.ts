import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import type { Cell, Results } from "../results/schema.js";
import { allocateBudget, interimAnalysis, levelOf, looksBetween } from "./stopping.js";

/** A run after its first look, whose cells differ between replicates by the given shares of their median. */
function run(spreads: readonly number[], budgetSeconds: number | null): Results {
  const results = fakeResults({ planes: ["ebpf"], services: spreads.map((_, i) => i + 1), replicates: 7 });
  const looks = [7, 11, 16];
  Object.assign(results.run, { looks, level: levelOf(looks), budgetSeconds });
  for (const [i, cell] of results.cells.entries()) {
    // Larger than a core's own caches.
    Object.assign(cell, { programBytes: 2 ** 26 });
    for (const [r, replicate] of cell.replicates.entries()) {
      const level = 100 * (1 + spreads[i]! * ((r - 3) / 3));
      Object.assign(replicate, { wallMs: 1000, median: level, samples: [level, level, level] });
    }
  }
  return results;
}

const reasons = ({ cells }: Results) => cells.map(({ stopped }: Cell) => stopped?.reason ?? "goes on");

describe("looksBetween", () => {
  it("looks at the least, at twice as many, and at the most", () => {
    expect(looksBetween(7, 42)).toEqual([7, 14, 42]);
    expect(looksBetween(10, 30)).toEqual([10, 20, 30]);
    expect(looksBetween(7, 8)).toEqual([7, 8]);
    expect(looksBetween(3, 3)).toEqual([3]);
  });
});

describe("levelOf", () => {
  it("shares the 5 % that may be missed among the looks", () => {
    expect(levelOf([7])).toBe(0.95);
    expect(levelOf([7, 14, 42])).toBeCloseTo(1 - 0.05 / 3, 12);
  });
});

describe("allocateBudget", () => {
  /** After three replicates of a second each: one cell of `lookup`, the others of `connect`, whose last is expensive. */
  function suite(budgetSeconds: number | null): Results {
    const results = run([0.1, 0.1, 0.1], budgetSeconds);
    for (const [i, cell] of results.cells.entries()) {
      cell.replicates.splice(3);
      if (i > 0) cell.scenario = "connect";
      if (i === 2) for (const replicate of cell.replicates) replicate.wallMs = 3000;
    }
    return results;
  }

  it("carries lookups to the first look, then the cheapest of the others that fit the budget", () => {
    // 15 seconds are spent; four replicates more cost 4, 4 and 12.
    for (const [budget, wanted] of [
      [15 + 20, ["goes on", "goes on", "goes on"]],
      [15 + 8, ["goes on", "goes on", "budget"]],
      [15 + 7, ["goes on", "budget", "budget"]],
      [15 + 3, ["budget", "budget", "budget"]],
    ] as const) {
      const results = suite(budget);
      allocateBudget(results, 3);
      expect(reasons(results)).toEqual(wanted);
      allocateBudget(results, 3);
      expect(reasons(results)).toEqual(wanted);
    }
  });

  it("counts the time of takes that were disturbed, and expects as many again", () => {
    const results = suite(15 + 8);
    results.cells[0]!.disturbed = [{ block: 1, wallMs: 3000, median: 160, floorNs: 2 }];
    // 18 seconds are spent; four replicates more cost 8, 4 and 12.
    allocateBudget(results, 3);
    expect(reasons(results)).toEqual(["budget", "goes on", "budget"]);
  });

  it("does nothing to a single scenario, without a budget, or after other blocks", () => {
    const results = suite(1);
    allocateBudget(results, 2);
    allocateBudget(results, 4);
    const free = suite(null);
    allocateBudget(free, 3);
    const single = suite(1);
    for (const cell of single.cells) cell.scenario = "lookup";
    allocateBudget(single, 3);
    for (const untouched of [results, free, single]) {
      expect(reasons(untouched)).toEqual(["goes on", "goes on", "goes on"]);
    }
  });
});

describe("interimAnalysis", () => {
  it("stops cells within 5 % of their median, and lets the others go on while there is time", () => {
    const results = run([0.01, 0.2, 0.04], null);
    interimAnalysis(results, 7);
    expect(reasons(results)).toEqual(["precise", "goes on", "precise"]);
    expect(results.cells[0]!.stopped).toMatchObject({ replicates: 7 });
    expect(results.cells[0]!.stopped!.halfWidth).toBeLessThanOrEqual(0.01);
  });

  it("spends what is left of the budget on the cells that will reach the goal soonest", () => {
    // 28 replicates of a second each are done; one cell more costs four seconds.
    const results = run([0.3, 0.06, 0.2, 0.1], 28 + 18);
    interimAnalysis(results, 7);
    // This look may spend half of the 18 seconds that are left.
    expect(reasons(results)).toEqual(["budget", "goes on", "budget", "goes on"]);
  });

  it("considers a cell again that had to wait, when the time of others was not needed", () => {
    const results = run([0.06, 0.1], 14 + 10);
    interimAnalysis(results, 7);
    expect(reasons(results)).toEqual(["goes on", "budget"]);
    interimAnalysis(results, 11);
    expect(reasons(results)).toEqual(["goes on", "goes on"]);
  });

  it("spends all that is left at the last look", () => {
    const results = run([0.2, 0.2], 14 + 10);
    interimAnalysis(results, 11);
    expect(reasons(results)).toEqual(["goes on", "goes on"]);
  });

  it("prefers a list, or what fits a core's caches, to a table that noisy neighbours slow down", () => {
    const results = run([0.06, 0.2], 14 + 10);
    const [, list] = results.cells;
    Object.assign(list!, { work: { ...list!.work!, rulesVisited: 500, mapLookups: 0, hashProbes: 0 } });
    interimAnalysis(results, 7);
    expect(reasons(results)).toEqual(["budget", "goes on"]);
  });

  it("lets a list spend more than half of the time that is left", () => {
    const results = run([0.2, 0.2], 14 + 7);
    Object.assign(results.cells[1]!, { programBytes: 2 ** 16 });
    interimAnalysis(results, 7);
    expect(reasons(results)).toEqual(["budget", "goes on"]);
  });

  it("takes a cell with one outlier for nearly precise", () => {
    const results = run([0.2, 0.01], 14 + 10);
    const outlier = results.cells[1]!.replicates[0]!;
    Object.assign(outlier, { median: 150, samples: [150, 150] });
    interimAnalysis(results, 7);
    expect(reasons(results)).toEqual(["budget", "goes on"]);
  });

  it("decides the same when it is asked again, as a resumed run does", () => {
    const [once, twice] = [run([0.01, 0.2], 20), run([0.01, 0.2], 20)];
    interimAnalysis(once, 7);
    interimAnalysis(twice, 7);
    interimAnalysis(twice, 7);
    expect(twice.cells).toEqual(once.cells);
  });

  it("does not decide again what it has decided, though budget and replicates have changed since", () => {
    const results = run([0.01, 0.2], null);
    interimAnalysis(results, 7);
    results.run.budgetSeconds = 1;
    interimAnalysis(results, 7);
    expect(reasons(results)).toEqual(["precise", "goes on"]);
  });

  it("never stops a cell as precise that has too few replicates for an interval", () => {
    const results = run([0.01], null);
    results.cells[0]!.replicates.splice(5);
    interimAnalysis(results, 7);
    expect(reasons(results)).toEqual(["goes on"]);
  });

  it("does nothing between looks, and nothing after the last", () => {
    for (const block of [0, 6, 8, 16]) {
      const results = run([0.01], null);
      interimAnalysis(results, block);
      expect(reasons(results)).toEqual(["goes on"]);
    }
  });
});

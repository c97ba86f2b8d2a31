import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { Random } from "../random.js";
import type { Cell, Results } from "./schema.js";
import { summarize } from "./summarize.js";
import { cellWarnings, countUnsteady, orderEffectOf, outliersOf, runWarnings } from "./validity.js";

const random = Random.fromSeed(1);
const noise = (count: number, level: number) =>
  Array.from({ length: count }, () => level * (1 + 0.01 * random.normal()));

function cellWith(change: Partial<Cell["replicates"][number]>): Cell {
  const [cell] = fakeResults({ planes: ["ebpf"], services: [100], replicates: 7 }).cells;
  Object.assign(cell!.replicates[0]!, change);
  return cell!;
}

describe("validity of a cell", () => {
  it("flags a replicate whose level changed, and not one that is merely noisy", () => {
    expect(countUnsteady(cellWith({ samples: noise(100, 50) }))).toBe(0);
    const changed = cellWith({ samples: [...noise(40, 60), ...noise(60, 50)] });
    expect(countUnsteady(changed)).toBe(1);
    changed.unsteady = 1;
    expect(cellWarnings(changed)).toEqual([]);
    changed.unsteady = 3;
    expect(cellWarnings(changed).join()).toMatch(/not steady.*warm up longer/);
  });

  it("does not flag a change too small to matter, however certain", () => {
    expect(countUnsteady(cellWith({ samples: [...noise(400, 51), ...noise(400, 50)] }))).toBe(0);
  });

  it("counts outliers and keeps them", () => {
    const samples = [...noise(100, 50), 500, 5];
    const cell = cellWith({ samples });
    expect(outliersOf(cell)).toMatchObject({ highSevere: 1, lowSevere: 1 });
    expect(cell.replicates[0]!.samples).toContain(500);
  });

  it.each([
    [{ collections: 2 }, /garbage was collected while 1 of 7/],
    [{ heapBytesPerLookup: 24 }, /1 of 7 replicates allocated/],
  ])("warns of %o", (change, warning) => {
    expect(cellWarnings(cellWith(change)).join()).toMatch(warning);
  });

  it("warns where the loop itself is half of the time, and is silent about a sound cell", () => {
    const [sound] = fakeResults({ planes: ["ebpf"], services: [100] }).cells;
    expect(cellWarnings(sound!)).toEqual([]);
    const [small] = fakeResults({ planes: ["ebpf"], services: [100], floorNs: 30 }).cells;
    expect(cellWarnings(small!).join()).toMatch(/less than twice the empty lookup/);
  });
});

/** A run whose replicates get slower with what `law` makes of their order and place. */
function ordered(law: (order: number, place: number) => number): Results {
  const results = fakeResults({ planes: ["iptables", "ebpf", "ipvs"], replicates: 7 });
  const count = results.cells.length;
  for (const [place, cell] of results.cells.entries()) {
    for (const replicate of cell.replicates) {
      replicate.order = replicate.block * count + place;
      replicate.median = 50 * law(replicate.order, place) * (1 + 0.01 * random.normal());
    }
  }
  return results;
}

describe("orderEffectOf", () => {
  it("finds a machine that becomes slower, and says what that means", () => {
    const results = ordered((order) => 1 + order / 500);
    results.orderEffect = orderEffectOf(results);
    expect(results.orderEffect!.drift.rho).toBeGreaterThan(0.7);
    expect(runWarnings(results).join()).toMatch(
      /the machine drifted.*reduces drift in ratios and does not remove it/,
    );
  });

  it("finds nothing where order does not matter", () => {
    const effect = orderEffectOf(ordered(() => 1))!;
    expect(Math.abs(effect.drift.rho)).toBeLessThan(0.3);
    expect(effect.place.p).toBeGreaterThan(0.001);
  });

  it("leaves out cells that took no time, which say nothing of drift", () => {
    const results = ordered((order) => 1 + order / 500);
    const [zero, ...others] = results.cells;
    for (const [i, replicate] of zero!.replicates.entries()) replicate.median = i === 0 ? 1 : 0;
    const without = { cells: [{ ...zero!, replicates: [] }, ...others] };
    expect(orderEffectOf(results)).toEqual(orderEffectOf(without));
  });

  it("is silent about too few replicates", () => {
    expect(orderEffectOf(fakeResults({ planes: ["ebpf"], services: [1], replicates: 7 }))).toBeNull();
  });
});

describe("runWarnings", () => {
  it("names what makes the machine unfit", () => {
    const results = fakeResults();
    results.environment.unfit = ["frequency governor powersave: set it to performance"];
    expect(runWarnings(results)).toEqual(results.environment.unfit);
  });
});

describe("runWarnings about another tenant", () => {
  const disturbed = (count: number) => {
    const results = fakeResults({ planes: ["ebpf"], services: [1], replicates: 9 });
    results.cells[0]!.disturbed = Array.from({ length: count }, (_, block) => ({
      block,
      wallMs: 300,
      median: 80,
      floorNs: 2,
    }));
    return runWarnings(results).join();
  };

  it("speak of it where it disturbed more than a tenth of the measurements", () => {
    expect(disturbed(1)).toBe("");
    expect(disturbed(2)).toMatch(/during 2 of 11 measurements.*repeated.*quieter hour/);
  });
});

describe("summarize", () => {
  it("says the same when it is repeated, and keeps the failures that the run noted", () => {
    const results = fakeResults({ planes: ["iptables", "ebpf"] });
    results.cells[0]!.warnings = ["a replicate failed: it hung and was killed after 120 s"];
    summarize(results);
    const once = structuredClone(results);
    summarize(results);
    expect(results).toEqual(once);
    expect(results.cells[0]!.warnings).toContain("a replicate failed: it hung and was killed after 120 s");
  });

  it("adjusts for memory speed only where a program leaves a core's caches", () => {
    const results = fakeResults({ planes: ["ebpf"], services: [10, 1000] });
    results.cells[0]!.programBytes = 1000;
    results.cells[1]!.programBytes = 2 ** 24;
    summarize(results);
    expect(results.cells[0]!.adjusted).toBeNull();
    expect(results.cells[1]!.adjusted!.interval[0]).toBeGreaterThan(0);
    results.cells[1]!.lane = "kernel";
    summarize(results);
    expect(results.cells[1]!.adjusted).toBeNull();
  });

  it("gives percentiles where lookups were timed one at a time, and elsewhere the reason why not", () => {
    const results = fakeResults({ planes: ["iptables"], services: [10, 1000] });
    for (const replicate of results.cells[1]!.replicates) {
      const ns = Array.from({ length: 200 }, (_, i) => 10 * i);
      replicate.singles = { ns, visited: ns };
    }
    summarize(results);
    const [small, large] = results.cells;
    expect(small!.percentiles).toBeNull();
    expect(small!.percentilesReason).toMatch(/20 times what reading the clock does \(40 ns\)/);
    expect(large!.percentiles).toMatchObject({ lookups: 1400, p50: { value: 995 }, p999: null });
    expect(large!.percentilesReason).toBeNull();
  });

  it("survives a run without any replicate", () => {
    const results = fakeResults({ replicates: 0 });
    summarize(results);
    expect(results.cells.every(({ estimate }) => estimate === null)).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { compileBatch, compileEmptyBatch } from "./replicate/batch.js";
import { chaseChain } from "./replicate/pointer-chase.js";
import { makeSchedule, replicateSeed } from "./schedule.js";

describe("makeSchedule", () => {
  it("holds every cell once in every block, in another order each time", () => {
    const schedule = makeSchedule(20, 5, 1);
    expect(schedule).toHaveLength(5);
    for (const block of schedule) {
      expect([...block].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    }
    expect(new Set(schedule.map(String)).size).toBe(5);
  });

  it("is the same for the same seed, so that a run can be resumed", () => {
    expect(makeSchedule(20, 5, 7)).toEqual(makeSchedule(20, 5, 7));
    expect(makeSchedule(20, 5, 7)).not.toEqual(makeSchedule(20, 5, 8));
  });

  it("gives each replicate a seed of its own", () => {
    const seeds = new Set<number>();
    for (let block = 0; block < 10; block++) {
      for (let cell = 0; cell < 40; cell++) seeds.add(replicateSeed(1, block, cell));
    }
    expect(seeds.size).toBe(400);
  });
});

describe("compileBatch", () => {
  const words = Int32Array.from({ length: 40 }, (_, i) => i);

  it("looks up each flow of the block in order and folds the decisions into a checksum", () => {
    const seen: number[][] = [];
    const recorder = {
      lookup: (...flow: number[]) => {
        seen.push(flow);
        return seen.length;
      },
    };
    const checksum = compileBatch(recorder, "lookup", words)(2, 3);
    expect(seen).toEqual([
      [8, 0, 9, 10, 11, 0],
      [12, 0, 13, 14, 15, 0],
      [16, 0, 17, 18, 19, 0],
    ]);
    expect(checksum).toBe((1 * 31 + 2) * 31 + 3);
  });

  it("gives every subject code of its own, so that call sites stay monomorphic", () => {
    expect(compileEmptyBatch(words)).not.toBe(compileEmptyBatch(words));
  });
});

describe("the memory chase", () => {
  it("is one cycle through all lines of 12 MB", () => {
    const chain = chaseChain();
    const lines = (12 * 2 ** 20) / 64;
    let at = 0;
    let steps = 0;
    do {
      at = chain[at]!;
      steps++;
    } while (at !== 0 && steps <= lines);
    expect(steps).toBe(lines);
  });
});

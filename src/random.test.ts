import { describe, expect, it } from "vitest";
import { Random, splitMix64 } from "./random.js";

describe("Random", () => {
  it("gives xoshiro128**'s published outputs for the state 1, 2, 3, 4 (rand_xoshiro's reference vector)", () => {
    const random = Random.fromState([1, 2, 3, 4]);
    const outputs = Array.from({ length: 10 }, () => random.nextUint32());
    expect(outputs).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it("seeds with SplitMix64's published outputs for the seed 1234567", () => {
    expect(splitMix64(1234567n, 5)).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
  });

  it("gives the same stream for the same seed and name, and another for another name", () => {
    const draw = (name: string) =>
      Array.from({ length: 4 }, (_, i) => Random.fromSeed(7, name).below(1000) + i);
    expect(draw("vip")).toEqual(draw("vip"));
    expect(draw("vip")).not.toEqual(draw("types"));
  });

  it("shuffles to a permutation", () => {
    const shuffled = Random.fromSeed(1).shuffle(Uint32Array.from({ length: 1000 }, (_, i) => i));
    expect([...shuffled].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(shuffled[0] === 0 && shuffled[1] === 1 && shuffled[2] === 2).toBe(false);
  });

  it("draws below a bound evenly (chi-square over 10 bins, 99.9 % critical value 27.88)", () => {
    const random = Random.fromSeed(3);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) bins[random.below(10)]!++;
    const chiSquare = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(27.88);
  });
});

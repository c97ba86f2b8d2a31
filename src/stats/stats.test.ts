import { median as referenceMedian, quantileSorted as referenceQuantile } from "simple-statistics";
import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { Random } from "../random.js";
import { replicateInterval } from "./bootstrap.js";
import { relativeLine } from "./line.js";
import { median, quantileSorted } from "./quantile.js";

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

describe("quantiles", () => {
  it("equal simple-statistics' median", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        expect(median(values)).toBeCloseTo(referenceMedian(values), 6);
      }),
    );
  });

  it("equal R's type 7 on its documentation's kind of example: quantile(1:10, .9) is 9.1", () => {
    expect(quantileSorted([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)).toBeCloseTo(9.1, 12);
    expect(quantileSorted([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0)).toBe(1);
    expect(quantileSorted([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 1)).toBe(10);
  });

  it("meet simple-statistics at the extremes, where all definitions agree", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const sorted = [...values].sort((a, b) => a - b);
        // "+ 0": -0 and 0 are the same quantile.
        expect(quantileSorted(sorted, 0) + 0).toBe(referenceQuantile(sorted, 0) + 0);
        expect(quantileSorted(sorted, 1) + 0).toBe(referenceQuantile(sorted, 1) + 0);
      }),
    );
  });

  it("are NaN for an empty sample", () => {
    expect(median([])).toBeNaN();
  });
});

describe("relativeLine", () => {
  it("finds the line that points lie on", () => {
    const x = [1, 10, 100, 1000];
    const { intercept, slope } = relativeLine(
      x,
      x.map((n) => 50 + 2.5 * n),
    );
    expect(intercept).toBeCloseTo(50, 8);
    expect(slope).toBeCloseTo(2.5, 8);
  });

  it("lets small values count: a relative error of 10 % at N = 1 moves the intercept, not the slope", () => {
    const x = [1, 10_000];
    const { slope } = relativeLine(x, [110, 100 + 2 * 10_000]);
    expect(slope).toBeCloseTo(2, 2);
  });
});

describe("replicateInterval", () => {
  it("surrounds the statistic of the medians", () => {
    const random = Random.fromSeed(4);
    const cells = [1, 2].map((level) => Array.from({ length: 9 }, () => 100 * level + random.normal()));
    const ratio = median(cells[1]!) / median(cells[0]!);
    const [low, high] = replicateInterval(cells, ([a, b]) => b! / a!, 1);
    expect(low).toBeLessThan(ratio);
    expect(high).toBeGreaterThan(ratio);
    expect(high - low).toBeLessThan(0.1);
  });
});

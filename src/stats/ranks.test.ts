import { interquartileRange, sampleRankCorrelation } from "simple-statistics";
import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { Random } from "../random.js";
import { countOutliers } from "./outliers.js";
import { changePoint, ranksOf, spearman } from "./ranks.js";

describe("ranksOf", () => {
  it("gives equal values the mean of their ranks", () => {
    expect([...ranksOf([10, 20, 20, 5])]).toEqual([2, 3.5, 3.5, 1]);
  });
});

describe("spearman", () => {
  it("equals simple-statistics where no values are equal", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 4, maxLength: 30 }), fc.integer(), (x, seed) => {
        const y = [...Random.fromSeed(seed).shuffle(Float64Array.from(x))];
        expect(spearman(x, y).rho).toBeCloseTo(sampleRankCorrelation(x, y), 9);
      }),
    );
  });

  it("equals R's cor.test of IQ and hours of television: rho -0.1758, p 0.627", () => {
    // The example of Wikipedia's "Spearman's rank correlation coefficient".
    const iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110];
    const television = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17];
    const { rho, p } = spearman(iq, television);
    expect(rho).toBeCloseTo(-29 / 165, 6);
    expect(p).toBeCloseTo(0.627, 3);
  });

  it("finds nothing where nothing varies", () => {
    expect(spearman([1, 2, 3], [5, 5, 5])).toEqual({ rho: 0, p: 1 });
  });
});

describe("changePoint", () => {
  it("equals Pettitt's definition, the double sum of signs", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 25 }), (x) => {
        const n = x.length;
        const u = (t: number) => {
          let sum = 0;
          for (let i = 0; i < t; i++) for (let j = t; j < n; j++) sum += Math.sign(x[i]! - x[j]!);
          return Math.abs(sum);
        };
        const k = Math.max(...Array.from({ length: n - 1 }, (_, i) => u(i + 1)));
        expect(u(changePoint(x).at)).toBe(k);
        expect(changePoint(x).p).toBeCloseTo(
          Math.min(1, 2 * Math.exp((-6 * k ** 2) / (n ** 3 + n ** 2))),
          12,
        );
      }),
    );
  });

  it("finds where a level changed and by how much", () => {
    const random = Random.fromSeed(1);
    const series = Array.from({ length: 120 }, (_, i) => (i < 40 ? 100 : 110) + random.normal());
    const { at, shift, p } = changePoint(series);
    expect(at).toBe(40);
    expect(shift).toBeGreaterThan(1.09);
    expect(shift).toBeLessThan(1.11);
    expect(p).toBeLessThan(1e-9);
  });

  it("says p < 0.001 in at most one of a thousand series without a change", () => {
    const random = Random.fromSeed(2);
    let found = 0;
    for (let i = 0; i < 2000; i++) {
      if (changePoint(Array.from({ length: 100 }, () => random.normal())).p < 0.001) found++;
    }
    expect(found).toBeLessThanOrEqual(2);
  });
});

describe("countOutliers", () => {
  it("classifies by Tukey's fences, quartiles ± 1.5 and 3 times their distance", () => {
    // Quartiles of 1..9 are 3 and 7: fences at -3, 13 and -9, 19.
    const inner = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(interquartileRange(inner)).toBe(4);
    expect(countOutliers(inner)).toEqual({ lowSevere: 0, lowMild: 0, highMild: 0, highSevere: 0 });
    // One value more on either side moves the quartiles to 2.5 and 7.5: fences at -5, 15 and -12.5, 22.5.
    expect(countOutliers([...inner, -6, 16])).toEqual({
      lowSevere: 0,
      lowMild: 1,
      highMild: 1,
      highSevere: 0,
    });
    expect(countOutliers([...inner, -13, 23])).toEqual({
      lowSevere: 1,
      lowMild: 0,
      highMild: 0,
      highSevere: 1,
    });
  });

  it("finds none where all are equal", () => {
    expect(countOutliers([5, 5, 5])).toEqual({ lowSevere: 0, lowMild: 0, highMild: 0, highSevere: 0 });
  });
});

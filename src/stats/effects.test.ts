import { describe, expect, it } from "vitest";
import { combineEffects, detectableEffect, holm, tailAbove } from "./effects.js";

/** Log risk ratios of the thirteen BCG vaccine trials and their variances (Colditz et al., JAMA 271, 1994; metafor's dat.bcg). */
const BCG = [
  [-0.8893, 0.3256],
  [-1.5854, 0.1946],
  [-1.3481, 0.4154],
  [-1.4416, 0.02],
  [-0.2175, 0.0512],
  [-0.7861, 0.0069],
  [-1.6209, 0.223],
  [0.012, 0.004],
  [-0.4694, 0.0564],
  [-1.3713, 0.073],
  [-0.3394, 0.0124],
  [0.4459, 0.5325],
  [-0.0173, 0.0714],
].map(([value, variance]) => ({ value: value!, variance: variance! }));

describe("combineEffects", () => {
  it("equals metafor's DerSimonian-Laird estimate of the BCG trials: tau² 0.309, effect -0.714", () => {
    const { value, heterogeneity, degreesOfFreedom, standardError } = combineEffects(BCG);
    expect(heterogeneity).toBeCloseTo(0.3088, 3);
    expect(value).toBeCloseTo(-0.7141, 3);
    expect(degreesOfFreedom).toBe(12);
    // Hartung & Knapp's error, a little above the plain 0.1787.
    expect(standardError).toBeCloseTo(0.181, 2);
  });

  it("is the weighted mean where effects agree", () => {
    const { value, heterogeneity, standardError } = combineEffects([
      { value: 0.1, variance: 0.01 },
      { value: 0.1, variance: 0.01 },
    ]);
    expect(value).toBeCloseTo(0.1, 12);
    expect(heterogeneity).toBe(0);
    expect(standardError).toBeCloseTo(Math.sqrt(0.005), 12);
  });
});

describe("tailAbove and detectableEffect", () => {
  const combined = { value: 0.3, standardError: 0.1, degreesOfFreedom: 10, heterogeneity: 0 };

  it("equal the t table: t = 1.812 with 10 degrees of freedom has 5 % above", () => {
    expect(tailAbove(0.3 - 0.1812, combined)).toBeCloseTo(0.05, 3);
  });

  it("finds its detectable effect half of the time at power 0.5, more often at more", () => {
    expect(detectableEffect(0.05, combined, 0.05, 0.5)).toBeCloseTo(0.05 + 0.1812, 3);
    expect(detectableEffect(0.05, combined, 0.05, 0.95)).toBeCloseTo(0.05 + 2 * 0.1812, 3);
  });
});

describe("holm", () => {
  it("equals R's p.adjust(c(0.01, 0.04, 0.03, 0.005), 'holm')", () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    for (const [i, expected] of [0.03, 0.06, 0.06, 0.02].entries())
      expect(adjusted[i]).toBeCloseTo(expected, 12);
  });

  it.each([Number.NaN, -0.1, 1.1])("refuses %d, which is no probability", (p) => {
    expect(() => holm([0.01, p, 0.03])).toThrow(RangeError);
  });
});

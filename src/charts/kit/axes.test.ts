import { describe, expect, it } from "vitest";
import fc from "../../../test/support/properties.js";
import { logRange, logTicks } from "./axes.js";

const values = (min: number, max: number) => logTicks(min, max).map(({ value }) => value);

describe("a logarithmic axis", () => {
  it("has whole decades, and a tick at each, beyond two of them", () => {
    expect(logRange([45, 52_000])).toEqual({ min: 10, max: 100_000 });
    expect(values(10, 100_000)).toEqual([10, 100, 1000, 10_000, 100_000]);
  });

  it("ends at 1, 2 or 5 times powers of ten within two decades, and has ticks at these", () => {
    expect(logRange([30, 214])).toEqual({ min: 20, max: 500 });
    expect(values(20, 500)).toEqual([20, 50, 100, 200, 500]);
    expect(values(0.002, 0.1)).toEqual([0.002, 0.005, 0.01, 0.02, 0.05, 0.1]);
  });

  it("is never so narrow that noise looks like growth", () => {
    expect(logRange([55, 60])).toEqual({ min: 10, max: 100 });
    expect(logRange([100])).toEqual({ min: 100, max: 1000 });
  });

  it("encloses all values, and begins and ends with a tick", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), { minLength: 1 }), (all) => {
        const { min, max } = logRange(all);
        const ticks = values(min, max);
        expect(min).toBeLessThanOrEqual(Math.min(...all) * (1 + 1e-8));
        expect(max).toBeGreaterThanOrEqual(Math.max(...all) * (1 - 1e-8));
        expect([ticks[0], ticks.at(-1)]).toEqual([min, max]);
        expect(ticks.length).toBeGreaterThan(1);
      }),
    );
  });
});

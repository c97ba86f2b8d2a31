import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromThere, offsetOf, type RoundTrip } from "./clock.js";

describe("the clock of a pod", () => {
  it("is known to half the shortest round trip, wherever in it the other clock was read", () => {
    const trip = fc.record({
      length: fc.integer({ min: 1, max: 1e9 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(trip, { minLength: 1, maxLength: 50 }),
        fc.integer({ min: -1e12, max: 1e12 }),
        (trips, offset) => {
          const made = trips.map(({ length, share }, i): RoundTrip => {
            const sentNs = 1e10 * i;
            return { sentNs, receivedNs: sentNs + length, thereNs: sentNs + length * share + offset };
          });
          const { offsetNs, errorNs } = offsetOf(made);
          expect(errorNs).toBe(Math.min(...trips.map(({ length }) => length)) / 2);
          expect(Math.abs(offsetNs - offset)).toBeLessThanOrEqual(errorNs + 1e-2);
        },
      ),
      { seed: 1 },
    );
  });

  it("is followed as it drifts evenly between two comparisons", () => {
    const at = (atNs: number, offsetNs: number) => ({ atNs, offsetNs, errorNs: 1 });
    const [before, after] = [at(0, 1000), at(60e9, 7000)];
    expect(fromThere(30e9 + 4000, before, after)).toBeCloseTo(30e9, -1);
    expect(fromThere(-5e9 + 1000, before, after)).toBe(-5e9);
    expect(fromThere(90e9 + 7000, before, after)).toBe(90e9);
  });
});

import { describe, expect, it } from "vitest";
import fc from "../../../test/support/properties.js";
import { spreadLabels } from "./labels.js";

const centres = fc.array(fc.double({ min: -500, max: 1500, noNaN: true }), { minLength: 1, maxLength: 12 });
const range = { min: 0, max: 700, spacing: 34 };

describe("spreadLabels", () => {
  it("keeps labels the spacing apart whenever they fit", () => {
    fc.assert(
      fc.property(centres, (wanted) => {
        const placed = spreadLabels(wanted, range).sort((a, b) => a - b);
        for (let i = 1; i < placed.length; i++) {
          expect(placed[i]! - placed[i - 1]!).toBeGreaterThan(range.spacing - 1e-6);
        }
      }),
    );
  });

  it("keeps every label inside the range, also when they do not fit", () => {
    fc.assert(
      fc.property(centres, fc.double({ min: 0, max: 300, noNaN: true }), (wanted, max) => {
        for (const at of spreadLabels(wanted, { ...range, max })) {
          expect(at).toBeGreaterThanOrEqual(-1e-6);
          expect(at).toBeLessThanOrEqual(max + 1e-6);
        }
      }),
    );
  });

  it("keeps the order of the labels", () => {
    fc.assert(
      fc.property(centres, (wanted) => {
        const placed = spreadLabels(wanted, range);
        for (const [i, a] of wanted.entries()) {
          for (const [j, b] of wanted.entries()) if (a < b) expect(placed[i]!).toBeLessThan(placed[j]!);
        }
      }),
    );
  });

  it("leaves labels alone that are already apart", () => {
    expect(spreadLabels([300, 100, 200], range)).toEqual([300, 100, 200]);
  });

  it("moves two equal labels apart in both directions", () => {
    expect(spreadLabels([100, 100], range)).toEqual([83, 117]);
  });

  it("moves no more than any other placement: two neighbours and one far away", () => {
    expect(spreadLabels([100, 110, 400], range)).toEqual([88, 122, 400]);
  });
});

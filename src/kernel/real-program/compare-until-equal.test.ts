import { describe, expect, it } from "vitest";
import { compareUntilEqual } from "./compare-until-equal.js";
import type { Comparison } from "./differences.js";

const DIFFERENT: Comparison = {
  lines: 2,
  differences: [{ service: undefined, from: "lbscale", line: "-A KUBE-SERVICES" }],
};
const SAME: Comparison = { lines: 3, differences: [] };

/** Readings one after the other, the last for ever, and how many were made. */
function reader(...readings: readonly Comparison[]) {
  let made = 0;
  return {
    read: () => Promise.resolve(readings[Math.min(made++, readings.length - 1)]!),
    made: () => made,
  };
}

describe("what a program has written at its start", () => {
  it("is read again until nothing differs, and no longer", async () => {
    const { read, made } = reader(DIFFERENT, SAME, DIFFERENT);
    expect(await compareUntilEqual(DIFFERENT, read, 60_000)).toBe(SAME);
    expect(made()).toBe(2);
  });

  it("is not read again where nothing differs", async () => {
    const { read, made } = reader(DIFFERENT);
    expect(await compareUntilEqual(SAME, read, 60_000)).toBe(SAME);
    expect(made()).toBe(0);
  });

  it("differs still when patience has ended", async () => {
    const { read, made } = reader(DIFFERENT);
    expect(await compareUntilEqual(DIFFERENT, read, 1)).toBe(DIFFERENT);
    expect(made()).toBeLessThanOrEqual(1);
  });
});

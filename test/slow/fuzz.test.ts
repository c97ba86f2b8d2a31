import { expect, it } from "vitest";
import { fuzzImport } from "../fuzz-import.js";

it("importing 100,000 hostile inputs ends in a cluster or in one clean line, never in a stack trace", () => {
  const { accepted, refused } = fuzzImport(100_000, 4711);
  // Both happen often, or the inputs would not reach what they are meant to break.
  expect(accepted).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(1000);
});

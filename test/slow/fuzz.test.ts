import { expect, it } from "vitest";
import { fuzzImport } from "../fuzz-import.js";

const INPUTS = Number(process.env.INPUTS ?? 40_000);

it(`importing ${INPUTS} hostile inputs ends in a cluster or in one clean line, never in a stack trace`, () => {
  const { accepted, refused } = fuzzImport(INPUTS, 4711);
  // Both happen often, or the inputs would not reach what they are meant to break.
  expect(accepted).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(1000);
});

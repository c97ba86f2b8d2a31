import { expect, it } from "vitest";
import { calibrate } from "./batches.js";
import type { Prepared, Subject } from "./scenario.js";

it("fills a batch with no more operations than tables of connections hold, however short they are", () => {
  const nothing: Subject = {
    operations: 2048,
    reset: () => {},
    run: () => 0,
    runEmpty: () => 0,
    explain: () => 0,
  };
  const prepared: Prepared = {
    programBytes: 0,
    facts: {},
    disagreements: 0,
    calibration: () => nothing,
    subject: () => nothing,
  };
  expect(calibrate(prepared)).toBe(65_536);
});

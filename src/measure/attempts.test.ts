import { expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { isNoisy } from "./attempts.js";

/** Of 10 seconds two went into repeating; the quietest empty loop took 2 ns. */
function busy() {
  const results = fakeResults({ planes: ["ebpf"], services: [1, 10], replicates: 1, floorNs: 2 });
  results.run.budgetSeconds = 10;
  results.cells[0]!.disturbed = [{ block: 0, wallMs: 2000, median: 90, floorNs: 3 }];
  return results;
}
const attempt = (floorNs: number, checkedBatches = 20) => ({ floorNs, checkedBatches });

it("repeats by the empty loop alone, and only where one ran next to the batches", () => {
  const results = busy();
  expect(isNoisy(results, results.cells[1]!, attempt(2.6))).toBe(true);
  expect(isNoisy(results, results.cells[1]!, attempt(2.4))).toBe(false);
  expect(isNoisy(results, results.cells[1]!, attempt(2.6, 0))).toBe(false);
});

it("repeats within three tenths of the budget, with several scenarios within one", () => {
  const results = busy();
  results.cells[0]!.scenario = "connect";
  expect(isNoisy(results, results.cells[1]!, attempt(2.6))).toBe(false);
  results.cells[0]!.disturbed[0]!.wallMs = 900;
  expect(isNoisy(results, results.cells[1]!, attempt(2.6))).toBe(true);
});

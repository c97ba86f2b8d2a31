import { expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import { withKernel } from "../../../test/support/results-lanes.js";
import { bytesCells, bytesLines } from "./bytes.js";

it("memory of an interrupted run is in the noise only where it was counted", () => {
  const results = withKernel(fakeResults({ planes: ["nftables"], services: [1, 100, 1000, 5000] }));
  const cells = bytesCells(results, "memory");
  const at = (services: number) => cells.find((cell) => cell.services === services)!;
  at(1).counts = {};
  // Loaded, and not counted yet; and not even loaded.
  at(1000).counts = null;
  Object.assign(at(5000), { counts: null, facts: {} });
  const [line] = bytesLines(results, cells);
  expect([...line!.bytes]).toEqual([
    [1, "in the noise"],
    [100, "516 kB"],
  ]);
});

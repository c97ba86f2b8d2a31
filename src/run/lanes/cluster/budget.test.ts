import { describe, expect, it } from "vitest";
import type { Cell } from "../../../results/schema.js";
import { isGap } from "../../../results/summarize.js";
import { emptyCell } from "../../plan.js";
import { emptyReplicate } from "../replicate.js";
import { sayOutOfTime } from "./budget.js";

/** A cell with so many blocks, each seen by two nodes. */
function cell(scenario: string, services: number, blocks: number): Cell {
  const empty = emptyCell(
    { plane: "nftables", lane: "cluster", scenario },
    { services, endpoints: null, variant: "" },
    4,
  );
  const replicates = Array.from({ length: 2 * blocks }, (_, i) => ({
    ...emptyReplicate(0),
    ...{ block: i >> 1, wallMs: 1, samples: [1], median: 1 },
  }));
  return { ...empty, replicates };
}

const warningsAfter = (cells: Cell[], end: { services: number; lost: number }) => {
  const lacks = sayOutOfTime({ cells }, { rounds: 10 }, end);
  return { lacks, warnings: cells.map(({ warnings }) => warnings.join("; ")) };
};

describe("a run in a cluster whose budget is spent", () => {
  it("says of every cell that was not reached that it is a gap, and of those begun how far they are", () => {
    const cells = [
      ...[cell("connect", 1, 3), cell("connect", 100, 7), cell("programming", 100, 19)],
      ...[cell("sync", 100, 3), cell("established", 1000, 0)],
    ];
    const { lacks, warnings } = warningsAfter(cells, { services: 100, lost: 0 });
    expect(lacks).toBe(true);
    expect(warnings).toEqual([
      "",
      "in this cluster, 7 rounds of 10 were measured before the run's time budget was used up",
      "in this cluster, 19 changes of 20 were measured before the run's time budget was used up",
      "",
      "not measured: the run's time budget was used up before it",
    ]);
    expect(cells.map(isGap)).toEqual([false, false, false, false, true]);
  });

  it("does not take changes that were lost for changes that there was no time for", () => {
    const { lacks, warnings } = warningsAfter([cell("programming", 100, 18)], { services: 100, lost: 2 });
    expect([lacks, warnings]).toEqual([false, [""]]);
  });

  it("lacks nothing where its time was over at the end of the last N", () => {
    expect(warningsAfter([cell("connect", 100, 10)], { services: 100, lost: 0 }).lacks).toBe(false);
  });
});

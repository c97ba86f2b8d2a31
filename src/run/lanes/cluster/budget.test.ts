import { describe, expect, it } from "vitest";
import type { OutOfTime } from "../../../cluster-lane/plan.js";
import { isGap } from "../../../results/runs/outcomes.js";
import type { Cell } from "../../../results/schema.js";
import { emptyCell } from "../../plan.js";
import { emptyReplicate } from "../replicate.js";
import { markMissed } from "./budget.js";

/** A cell with so many blocks, each seen by two nodes. */
function cell(scenario: string, services: number, blocks: number, variant = ""): Cell {
  const empty = emptyCell(
    { plane: "nftables", lane: "cluster", scenario },
    { services, endpoints: null, variant },
    4,
  );
  const replicates = Array.from({ length: 2 * blocks }, (_, i) => ({
    ...emptyReplicate(0),
    ...{ block: i >> 1, wallMs: 1, samples: [1], median: 1 },
  }));
  return { ...empty, replicates };
}

const DONE = { rounds: { tcp: 10, udp: 10 }, programming: 20, sync: 3 };

const warningsAfter = (cells: Cell[], end: OutOfTime) => {
  const lacks = markMissed({ cells }, { rounds: 10 }, end);
  return { lacks, warnings: cells.map(({ warnings }) => warnings.join("; ")) };
};

describe("a run in a cluster whose budget is spent", () => {
  it("says of every cell that was not reached that it is a gap, and of those begun how far they are", () => {
    const cells = [
      ...[cell("connect", 1, 3), cell("connect", 100, 7), cell("connect", 100, 1, "udp")],
      ...[cell("programming", 100, 19), cell("sync", 100, 1), cell("established", 1000, 0)],
    ];
    const done = { rounds: { tcp: 7, udp: 1 }, programming: 19, sync: 1 };
    const { lacks, warnings } = warningsAfter(cells, { services: 100, done });
    expect(lacks).toBe(true);
    expect(warnings).toEqual([
      "",
      "in this cluster, 7 rounds of 10 were measured before the run's time budget was used up",
      "in this cluster, 1 round of 10 was measured before the run's time budget was used up",
      "in this cluster, 19 changes of 20 were made before the run's time budget was used up",
      "in this cluster, 1 sync of 3 was made before the run's time budget was used up",
      "not measured: the run's time budget was used up before it",
    ]);
    expect(cells.map(isGap)).toEqual([false, false, false, false, false, true]);
  });

  it("takes neither lost changes nor those that a node did not see for changes without time", () => {
    const cells = [cell("programming", 100, 18), cell("programming", 100, 0), cell("connect", 100, 9)];
    const { lacks, warnings } = warningsAfter(cells, { services: 100, done: DONE });
    expect([lacks, warnings]).toEqual([false, ["", "", ""]]);
  });
});

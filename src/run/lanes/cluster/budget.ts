/** What a run in a cluster had no time for: a gap with its reason. Pure. */

import { CHANGES } from "../../../cluster-lane/changes/changes.js";
import { type ClusterJob, type DoneAt, type OutOfTime, SYNCS } from "../../../cluster-lane/plan.js";
import { OUT_OF_TIME } from "../../../kernel/out-of-time.js";
import { addOutcome } from "../../../results/runs/outcomes.js";
import type { Cell, Results } from "../../../results/schema.js";
import { countOf } from "../../../text.js";
import { connectionsOf } from "./variants.js";

/** What a cell is to have and what of it was done, lost changes and rounds without an answer included. */
function progressOf(
  { scenario, variant }: Cell,
  { rounds }: Pick<ClusterJob, "rounds">,
  done: DoneAt,
): { readonly planned: number; readonly done: number; readonly kind: string; readonly verb: string } {
  if (scenario === "programming") {
    return { planned: CHANGES, done: done.programming, kind: "change", verb: "made" };
  }
  if (scenario === "sync") return { planned: SYNCS, done: done.sync, kind: "sync", verb: "made" };
  const { protocol = "tcp" } = connectionsOf(variant) ?? {};
  return { planned: rounds, done: done.rounds[protocol], kind: "round", verb: "measured" };
}

/**
 * Says in the cells what was not reached.
 *
 * @returns whether anything is lacking
 */
export function markMissed(
  { cells }: Pick<Results, "cells">,
  job: Pick<ClusterJob, "rounds">,
  { services, done: doneThere }: OutOfTime,
): boolean {
  let lacks = false;
  for (const cell of cells.filter((each) => each.services >= services)) {
    const progress = progressOf(cell, job, doneThere);
    const { planned, kind, verb } = progress;
    const done = cell.services === services ? progress.done : 0;
    if (done >= planned) continue;
    lacks = true;
    const words = `${countOf(done, kind)} of ${planned} ${done === 1 ? "was" : "were"} ${verb}`;
    if (cell.replicates.length === 0) addOutcome(cell, "gap", OUT_OF_TIME);
    else addOutcome(cell, "note", `${words} before the run's time budget was used up`);
  }
  return lacks;
}

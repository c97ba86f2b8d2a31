/** What a run in a cluster had no time for: a gap with its reason. Pure. */

import { CHANGES } from "../../../cluster-lane/changes/changes.js";
import { type ClusterJob, SYNCS } from "../../../cluster-lane/plan.js";
import { OUT_OF_TIME } from "../../../kernel/out-of-time.js";
import type { Cell, Results } from "../../../results/schema.js";
import { gapWarning, noted } from "../../../results/summarize.js";
import { countOf } from "../../../text.js";

/** How many rounds or changes a cell is to have. */
function planned({ scenario }: Cell, { rounds }: Pick<ClusterJob, "rounds">): number {
  if (scenario === "programming") return CHANGES;
  return scenario === "sync" ? SYNCS : rounds;
}

/**
 * Says in the cells what was not reached.
 *
 * @param end the N at which the time was over, and how many of its changes were lost for other reasons
 * @returns whether anything is lacking
 */
export function sayOutOfTime(
  { cells }: Pick<Results, "cells">,
  job: Pick<ClusterJob, "rounds">,
  { services, lost }: { readonly services: number; readonly lost: number },
): boolean {
  let lacks = false;
  for (const cell of cells.filter((each) => each.services >= services)) {
    const measured = new Set(cell.replicates.map(({ block }) => block)).size;
    if (measured === 0) {
      cell.warnings.push(gapWarning(OUT_OF_TIME));
      lacks = true;
    } else if (measured + lost < planned(cell, job)) {
      const kind = cell.scenario === "programming" || cell.scenario === "sync" ? "change" : "round";
      cell.warnings.push(
        noted(
          `${countOf(measured, kind)} of ${planned(cell, job)} were measured before the run's time budget was used up`,
        ),
      );
      lacks = true;
    }
  }
  return lacks;
}

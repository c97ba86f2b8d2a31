/** What replicates of the kernel's lanes have in common. */

import { addOutcome } from "../../results/runs/outcomes.js";
import type { Cell, Replicate } from "../../results/schema.js";

/** A replicate of which nothing is known yet. */
export function emptyReplicate(timerFloorNs: number): Omit<Replicate, "samples" | "median" | "wallMs"> {
  return {
    order: 0,
    block: 0,
    seed: 0,
    batch: 1,
    work: { rulesVisited: 0, mapLookups: 0, hashProbes: 0, entriesWritten: 0, stateProbes: 0 },
    singles: null,
    floorNs: 0,
    timerFloorNs,
    chaseNs: 1,
    checkedBatches: 1,
    collections: 0,
    heapBytesPerLookup: 0,
    buildMs: 0,
    peakRssBytes: 0,
  };
}

/** Notes that a replicate of a cell could not be measured. `spentMs`: what was spent on it, where it had a time limit. */
export function addFailure(cell: Cell, reason: string, spentMs?: number): void {
  const spent = spentMs === undefined ? "" : `; ${secondsOf(spentMs)} s were spent on it`;
  addOutcome(cell, "failed", `${reason}${spent}`);
}

/** Seconds as a person reads them: three digits. */
export function secondsOf(ms: number): number {
  return Number((ms / 1000).toPrecision(3));
}

/** What changes and memory of the kernel lane become in a result. */

import type { KernelMemory, KernelUpdate } from "../../kernel/tasks.js";
import type { Cell, Replicate } from "../../results/schema.js";
import { median } from "../../stats/quantile.js";

/** An endpoint that joined and left: two samples of one replicate, above the tool's own start and end as floor. */
export function addUpdate(
  cell: Cell,
  { block, order, wallMs, toolNs, callsNs, floorNs, chaseNs }: KernelUpdate,
  cells: number,
  updates: number,
  timerFloorNs: number,
): void {
  cell.replicates.push({
    ...emptyReplicate(timerFloorNs),
    ...{ block, wallMs, floorNs, chaseNs, samples: [...toolNs], median: median(toolNs) },
    order: block * cells + (order % updates),
  });
  if (callsNs === null) return;
  // A mean over the replicates so far.
  const before = Number(cell.facts.systemCallsNs ?? 0) * (cell.replicates.length - 1);
  cell.facts = { ...cell.facts, systemCallsNs: (before + median(callsNs)) / cell.replicates.length };
}

/** Bytes by structure, and all of them but state of connections together. */
export function addMemory(cell: Cell, { source, bytes, besides }: KernelMemory): void {
  const named = (prefix: string, parts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(parts).map(([name, count]) => [`${prefix}${name} bytes`, count]));
  cell.counts = {
    bytes: Object.values(bytes).reduce((sum, count) => sum + count, 0),
    ...named("", bytes),
    ...named("besides: ", besides),
  };
  cell.facts = { ...cell.facts, source };
}

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

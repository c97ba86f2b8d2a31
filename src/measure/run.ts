/** A run: every cell once a block, each in a process of its own, results kept after each. */

import { estimateCell } from "../results/estimate.js";
import type { Cell, Replicate, Results } from "../results/schema.js";
import { median } from "../stats/quantile.js";
import type { Measured } from "./replicate.js";
import type { Job } from "./scenario.js";
import { replicateSeed } from "./schedule.js";
import { ReplicateError, runReplicate } from "./spawn.js";

export interface RunOptions {
  readonly childScript: string;
  readonly cpu: number | null;
  /** The job of a cell; its seed is filled in here. */
  readonly jobOf: (cell: Cell) => Omit<Job, "seed">;
  /** Called before each replicate, and never while one is timed. */
  readonly onProgress: (done: number, total: number, cell: Cell) => void;
  /** Called after each replicate, to save what is there. */
  readonly onReplicate: () => void;
  /** Aborted on Ctrl-C: what was measured stays. */
  readonly signal: AbortSignal;
}

/** Replicates that fail this often in a cell are not tried again. */
const MAX_FAILURES = 2;

/** Measures whatever the schedule asks for and `results` does not hold yet. Adds replicates and warnings to its cells. */
export async function runSchedule(results: Results, options: RunOptions): Promise<void> {
  const { schedule, seed } = results.run;
  const total = schedule.reduce((sum, block) => sum + block.length, 0);
  const failures = new Map<number, number>();
  let done = 0;
  for (const [block, order] of schedule.entries()) {
    for (const [place, index] of order.entries()) {
      if (options.signal.aborted) return;
      const cell = results.cells[index]!;
      done++;
      if (cell.replicates.some((replicate) => replicate.block === block)) continue;
      if ((failures.get(index) ?? 0) >= MAX_FAILURES) continue;
      options.onProgress(done - 1, total, cell);
      const job = { ...options.jobOf(cell), seed: replicateSeed(seed, block, index) };
      try {
        const measured = await runReplicate(options.childScript, job, options.cpu);
        addReplicate(results, cell, measured, { block, order: block * order.length + place, seed: job.seed });
      } catch (error) {
        if (options.signal.aborted) return;
        if (!(error instanceof ReplicateError)) throw error;
        failures.set(index, (failures.get(index) ?? 0) + 1);
        const warning = `a replicate failed: ${error.message}`;
        if (!cell.warnings.includes(warning)) cell.warnings.push(warning);
      }
      options.onReplicate();
    }
  }
}

function addReplicate(
  results: Results,
  cell: Cell,
  measured: Measured,
  place: Pick<Replicate, "block" | "order" | "seed">,
): void {
  cell.replicates.push({
    ...place,
    batch: measured.batch,
    samples: measured.samples,
    median: median(measured.samples),
    floorNs: measured.floorNs,
    chaseNs: measured.chaseNs,
    checkedBatches: measured.checkedBatches,
    collections: measured.collections,
    heapBytesPerLookup: measured.heapBytesPerLookup,
    buildMs: measured.buildMs,
    peakRssBytes: measured.peakRssBytes,
  });
  cell.endpoints = measured.endpoints;
  cell.programBytes = measured.programBytes;
  cell.facts = { ...measured.facts };
  const { environment } = results;
  environment.timerResolutionNs =
    environment.timerResolutionNs === 0
      ? measured.timerResolutionNs
      : Math.min(environment.timerResolutionNs, measured.timerResolutionNs);
  // Work is exact per operation; over replicates only the draws differ, so their mean is what a lookup does.
  const n = cell.replicates.length;
  const mean = (before: number | undefined, now: number) => ((before ?? 0) * (n - 1) + now) / n;
  cell.work = {
    rulesVisited: mean(cell.work?.rulesVisited, measured.work.rulesVisited),
    mapLookups: mean(cell.work?.mapLookups, measured.work.mapLookups),
    hashProbes: mean(cell.work?.hashProbes, measured.work.hashProbes),
  };
}

/** Fills in each cell's estimate and its warnings about validity. */
export function estimateCells(results: Results): void {
  for (const cell of results.cells) {
    cell.estimate = estimateCell(cell.replicates, results.run.seed);
    cell.warnings = [...new Set([...cell.warnings, ...validityWarnings(cell)])];
  }
}

function validityWarnings(cell: Cell): string[] {
  const collected = cell.replicates.filter((replicate) => replicate.collections > 0).length;
  const floor = median(cell.replicates.map((replicate) => replicate.floorNs));
  const warnings: string[] = [];
  if (collected > 0) {
    warnings.push(
      `garbage was collected while ${collected} replicates were timed: their times may be too long`,
    );
  }
  if (cell.estimate && cell.estimate.median < 2 * floor) {
    warnings.push("less than twice the empty lookup: the loop itself is a large part of this time");
  }
  return warnings;
}

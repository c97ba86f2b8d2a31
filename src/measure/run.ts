/** A run: every cell once a block, each in a process of its own, results kept after each. */

import type { Cell, Replicate, Results } from "../results/schema.js";
import { median } from "../stats/quantile.js";
import { isNoisy, MAX_ATTEMPTS } from "./attempts.js";
import type { Measured } from "./replicate/measured.js";
import type { Job } from "./scenario.js";
import { replicateSeed } from "./schedule.js";
import { type Ran, ReplicateError, runReplicate, TIMEOUT_MS } from "./spawn.js";
import { allocateBudget, interimAnalysis } from "./stopping.js";

/** How the cells of a schedule are measured. */
export interface ScheduleOptions {
  readonly childScript: string;
  /** Words before the child's command (`childPrefix`). */
  readonly prefix: readonly string[];
  /** The job of a cell; its seed is filled in here. */
  readonly jobOf: (cell: Cell) => Omit<Job, "seed">;
  /** Called before each replicate, and never while one is timed. */
  readonly onProgress: (progress: Remaining & { cell: Cell }) => void;
  /** Called after each replicate, to save what is there. */
  readonly onReplicate: () => void;
  /** Aborted on Ctrl-C: what was measured stays. */
  readonly signal: AbortSignal;
}

/** What lies ahead of a run. */
export interface Remaining {
  readonly done: number;
  /** Replicates before and until the next interim analysis. */
  readonly total: number;
  /** Until then; null until a cell was measured. */
  readonly leftMs: number | null;
  /** Should no cell stop there, within the run's budget; null where nothing follows or nothing was measured yet. */
  readonly mostLeftMs: number | null;
}

/** Replicates that fail this often in a cell are not tried again. */
const MAX_FAILURES = 2;

/**
 * Measures what the schedule asks for and `results` does not hold yet, in the stored order of blocks and cells. At each
 * look cells with a narrow interval stop (stopping.ts). Adds replicates, stops and failures to the cells.
 */
export async function runSchedule(results: Results, options: ScheduleOptions): Promise<void> {
  const { schedule, seed } = results.run;
  const failures = new Map<number, number>();
  const isOpen = (index: number): boolean =>
    results.cells[index]!.stopped === null && (failures.get(index) ?? 0) < MAX_FAILURES;
  for (const [block, order] of schedule.entries()) {
    allocateBudget(results, block);
    interimAnalysis(results, block);
    for (const [place, index] of order.entries()) {
      if (options.signal.aborted) return;
      const cell = results.cells[index]!;
      if (!isOpen(index) || hasReplicateOf(cell, block)) continue;
      options.onProgress({ ...remaining(results, block, place, isOpen), cell });
      // The caller may have aborted just now; a child that starts after that would not be killed.
      if (options.signal.aborted) return;
      const job = { ...options.jobOf(cell), seed: replicateSeed(seed, block, index) };
      try {
        const ran = await runUntilQuiet(results, cell, block, () =>
          runReplicate(options.childScript, job, options.prefix, timeoutOf(job)),
        );
        add(results, cell, ran, { block, order: block * results.cells.length + place, seed: job.seed });
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

/** Runs a replicate, again while it is disturbed. The takes before the last are kept in the cell's `disturbed`. */
async function runUntilQuiet(
  results: Results,
  cell: Cell,
  block: number,
  run: () => Promise<Ran>,
): Promise<Ran> {
  let ran = await run();
  for (let take = 1; take < MAX_ATTEMPTS; take++) {
    const { measured, wallMs } = ran;
    if ("counts" in measured || !isNoisy(results, cell, measured)) break;
    const again = await run();
    cell.disturbed.push({
      block,
      wallMs: Math.round(wallMs),
      median: median(measured.samples),
      floorNs: measured.floorNs,
    });
    ran = again;
  }
  return ran;
}

/** Building, checking and starting take seconds; timing takes what was asked for. */
function timeoutOf({ warmupMs, measureMs, singlesMs }: Job): number {
  return TIMEOUT_MS + 2 * (warmupMs + measureMs + singlesMs);
}

const hasReplicateOf = (cell: Cell, block: number): boolean =>
  cell.replicates.some((replicate) => replicate.block === block);

/** What lies ahead from a place of a block on: until the next look, and at most, as later blocks depend on what it decides. */
function remaining(
  { run, cells }: Results,
  block: number,
  place: number,
  isOpen: (index: number) => boolean,
): Remaining {
  const done = cells.reduce((sum, cell) => sum + cell.replicates.length, 0);
  const known = cells.flatMap(({ replicates }) => replicates.map(({ wallMs }) => wallMs));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const end = run.looks.find((look) => look > block) ?? run.schedule.length;
  let left = 0;
  let leftMs = 0;
  let laterMs = 0;
  for (let b = block; b < run.schedule.length; b++) {
    for (const index of run.schedule[b]!.slice(b === block ? place : 0)) {
      const cell = cells[index]!;
      if (!isOpen(index) || hasReplicateOf(cell, b)) continue;
      const ms = mean(cell.replicates.length > 0 ? cell.replicates.map(({ wallMs }) => wallMs) : known);
      if (b >= end) {
        laterMs += ms;
        continue;
      }
      left++;
      leftMs += ms;
    }
  }
  const spentMs = known.reduce((sum, ms) => sum + ms, 0);
  const budgetMs = run.budgetSeconds === null ? Number.POSITIVE_INFINITY : run.budgetSeconds * 1000 - spentMs;
  const mostLeftMs = Math.max(leftMs, Math.min(leftMs + laterMs, budgetMs));
  const isKnown = known.length > 0;
  return {
    done,
    total: done + left,
    leftMs: isKnown ? leftMs : null,
    mostLeftMs: isKnown && laterMs > 0 ? mostLeftMs : null,
  };
}

type Place = Pick<Replicate, "block" | "order" | "seed">;

function add(results: Results, cell: Cell, { measured, wallMs }: Ran, place: Place): void {
  cell.endpoints = measured.endpoints;
  cell.programBytes = measured.programBytes;
  cell.facts = { ...measured.facts };
  if ("counts" in measured) {
    cell.counts = { ...measured.counts };
    cell.stopped = { replicates: 0, halfWidth: 0, reason: "exact" };
  } else {
    addReplicate(results, cell, measured, wallMs, place);
  }
}

/** Adds what a child measured to its cell. */
export function addReplicate(
  results: Results,
  cell: Cell,
  measured: Measured,
  wallMs: number,
  place: Place,
): void {
  cell.replicates.push({
    ...place,
    wallMs: Math.round(wallMs),
    batch: measured.batch,
    work: { ...measured.work },
    samples: measured.samples,
    median: median(measured.samples),
    singles: measured.singles,
    floorNs: measured.floorNs,
    timerFloorNs: measured.timer.floorNs,
    chaseNs: measured.chaseNs,
    checkedBatches: measured.checkedBatches,
    collections: measured.collections,
    heapBytesPerLookup: measured.heapBytesPerOperation,
    buildMs: measured.buildMs,
    peakRssBytes: measured.peakRssBytes,
  });
  const { environment } = results;
  environment.timerResolutionNs =
    environment.timerResolutionNs === 0
      ? measured.timer.resolutionNs
      : Math.min(environment.timerResolutionNs, measured.timer.resolutionNs);
  cell.work = meanWork(cell.replicates);
}

/** Work of a mean operation over all replicates of a cell. */
export function meanWork(replicates: readonly Replicate[]): Replicate["work"] {
  const mean = (of: keyof Replicate["work"]) =>
    replicates.reduce((sum, { work }) => sum + work[of], 0) / replicates.length;
  return {
    rulesVisited: mean("rulesVisited"),
    mapLookups: mean("mapLookups"),
    hashProbes: mean("hashProbes"),
    entriesWritten: mean("entriesWritten"),
    stateProbes: mean("stateProbes"),
  };
}

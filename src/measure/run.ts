/** A run: every cell once a block, each in a process of its own, results kept after each. */

import { performance } from "node:perf_hooks";
import { addOutcome } from "../results/runs/outcomes.js";
import type { Cell, Replicate, Results } from "../results/schema.js";
import { median } from "../stats/quantile.js";
import { isNoisy, MAX_ATTEMPTS } from "./attempts.js";
import { forecastRun } from "./forecast.js";
import type { Measured } from "./replicate/measured.js";
import type { Job } from "./scenario.js";
import { replicateSeed } from "./schedule.js";
import { type Ran, ReplicateError, runReplicate, TIMEOUT_MS } from "./spawn.js";
import { allocateBudget, interimAnalysis, spentOn } from "./stopping.js";

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
  /** Milliseconds of a clock that only goes forwards; the process's by default. */
  readonly now?: () => number;
}

/** What lies ahead of a run. */
export interface Remaining {
  readonly done: number;
  /** Replicates before and, probably, ahead: which cells stop at a look is known there. */
  readonly total: number;
  /** Until the run's probable end; null until a cell was measured. */
  readonly leftMs: number | null;
  /** Should no cell stop at a look, within the run's budget; null where no look follows or nothing was measured yet. */
  readonly mostLeftMs: number | null;
}

/** Replicates that fail this often in a cell are not tried again. */
const MAX_FAILURES = 2;
/** Beyond this it is no overhead of ours. */
const MOST_PACE = 1.5;

/**
 * Measures what the schedule asks for and `results` does not hold yet, in the stored order of blocks and cells. At each
 * look cells with a narrow interval stop (stopping.ts). Adds replicates, stops and failures to the cells.
 */
export async function runSchedule(results: Results, options: ScheduleOptions): Promise<void> {
  const { schedule, seed } = results.run;
  const { now = () => performance.now() } = options;
  const startedAt = now();
  const spentBefore = spentOnAll(results);
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
      const pace = paceOf(now() - startedAt, spentOnAll(results) - spentBefore);
      options.onProgress({ ...remaining(results, block, place, isOpen, pace), cell });
      // The caller may have aborted just now.
      if (options.signal.aborted) return;
      const job = { ...options.jobOf(cell), seed: replicateSeed(seed, block, index) };
      const fail = (error: unknown): void => {
        // What was interrupted is measured once the run is resumed.
        if (options.signal.aborted || !(error instanceof ReplicateError)) throw error;
        failures.set(index, (failures.get(index) ?? 0) + 1);
        addOutcome(cell, "failed", error.message);
      };
      try {
        const ran = await runUntilQuiet(results, cell, block, fail, () =>
          runReplicate(options.childScript, job, options.prefix, timeoutOf(job), options.signal),
        );
        add(results, cell, ran, { block, order: block * results.cells.length + place, seed: job.seed });
      } catch (error) {
        if (options.signal.aborted) return;
        fail(error);
      }
      options.onReplicate();
    }
  }
}

const spentOnAll = ({ cells }: Results): number => cells.reduce((sum, cell) => sum + spentOn(cell), 0);

/** Starting processes and saving results take time between replicates; a machine that slept says nothing of it. */
function paceOf(elapsedMs: number, measuredMs: number): number {
  return measuredMs > 0 ? Math.min(MOST_PACE, Math.max(1, elapsedMs / measuredMs)) : 1;
}

/**
 * Runs a replicate, again while it is noisy. Attempts before the last are kept in the cell's `disturbed`. Where an attempt
 * fails that was to replace one, `fail` gets the error, and the earlier attempt counts.
 */
async function runUntilQuiet(
  results: Results,
  cell: Cell,
  block: number,
  fail: (error: unknown) => void,
  run: () => Promise<Ran>,
): Promise<Ran> {
  let ran = await run();
  for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
    const { measured, wallMs } = ran;
    if ("counts" in measured || !isNoisy(results, cell, measured)) break;
    let again: Ran;
    try {
      again = await run();
    } catch (error) {
      fail(error);
      break;
    }
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

/** What lies ahead from a place of a block on. `pace`: how much more time passes than replicates take. */
function remaining(
  results: Results,
  block: number,
  place: number,
  isOpen: (index: number) => boolean,
  pace: number,
): Remaining {
  const { run, cells } = results;
  const done = cells.reduce((sum, cell) => sum + cell.replicates.length, 0);
  const end = run.looks.find((look) => look > block) ?? run.schedule.length;
  if (done === 0) {
    // No time of any replicate is known, which decides how many the budget holds: those up to the look are certain.
    const total = run.schedule.slice(block, end).reduce((sum, order) => sum + order.filter(isOpen).length, 0);
    return { done, total, leftMs: null, mostLeftMs: null };
  }
  const forecast = forecastRun(results, block, place, isOpen);
  const total = done + forecast.replicates;
  const spentMs = cells.reduce((sum, cell) => sum + spentOn(cell), 0);
  const usualMs = spentMs / done;
  let leastMs = 0;
  let laterMs = 0;
  for (let b = block; b < run.schedule.length; b++) {
    for (const index of run.schedule[b]!.slice(b === block ? place : 0)) {
      const cell = cells[index]!;
      if (!isOpen(index) || hasReplicateOf(cell, b)) continue;
      const ms = cell.replicates.length > 0 ? spentOn(cell) / cell.replicates.length : usualMs;
      if (b < end) leastMs += ms;
      else laterMs += ms;
    }
  }
  const budgetMs = run.budgetSeconds === null ? Number.POSITIVE_INFINITY : run.budgetSeconds * 1000 - spentMs;
  const mostMs = Math.max(leastMs, forecast.ms, Math.min(leastMs + laterMs, budgetMs));
  return {
    done,
    total,
    leftMs: forecast.ms * pace,
    mostLeftMs: laterMs > 0 ? mostMs * pace : null,
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

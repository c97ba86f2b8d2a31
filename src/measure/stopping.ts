/**
 * Sequential stopping: measure more where the interval is wide, and be honest about having looked.
 *
 * The rule, fixed before anything is measured: after 7, 14 and 42 replicates (`looks`) a cell stops when half its
 * interval is at most 5 % of its median. The others go on to the next look while the profile's time lasts: first those
 * that repetition makes precise (lists, which are read in order, and what fits a core's own caches), and among these who
 * will probably reach the goal soonest. A cell that depends on the neighbours' cache use must not eat the time of ten others:
 * before the last look such cells share half of the time that is left, so that those that repetition makes precise can go
 * on once more. Cells that had to wait at one look are considered again at the next.
 *
 * A run of several scenarios has more cells than its time holds: there every cell gets three replicates, and those that
 * can be carried to the first look within the budget go on, lookups before others and cheap cells before expensive ones.
 *
 * Looking several times and stopping at a lucky moment would make a 95 % interval cover less than 95 %. Each look
 * therefore uses the level 1 - 0.05 / looks (Bonferroni: the chance that any of them misses is at most 5 %), also for
 * cells that stop at the first.
 */

import { exceedsL2 } from "../results/cells.js";
import { estimateCell, halfWidthOf } from "../results/estimate.js";
import type { Cell, Results } from "../results/schema.js";
import { quantileSorted } from "../stats/quantile.js";

const MISS = 0.05;

/**
 * The numbers of replicates after which intervals are looked at: `least`, twice as many, and `most`. One outlier in seven
 * makes an interval wide and seven more mend that; what is still wide afterwards has two states, and needs many. Not
 * more looks: each takes its share of the 5 %, and seven replicates reach 98.4 %.
 */
export function looksBetween(least: number, most: number): number[] {
  return [...new Set([least, Math.min(2 * least, most), most])];
}

/** Level of every cell's interval, so that all looks together miss with at most 5 %. */
export function levelOf(looks: readonly number[]): number {
  return 1 - MISS / looks.length;
}

/**
 * Decides, before the block numbered `block`, which cells stop, and writes to each cell what was decided: a resumed run
 * does not decide again. Does nothing unless `block` is a look. A cell with too few replicates for an interval goes on.
 */
export function interimAnalysis(results: Results, block: number): void {
  const { run, cells } = results;
  const next = run.looks[run.looks.indexOf(block) + 1];
  if (!run.looks.includes(block) || next === undefined) return;
  const wide = [];
  for (const cell of cells) {
    if (cell.replicates.length === 0 || cell.lookedAt >= block) continue;
    if (cell.stopped !== null && cell.stopped.reason !== "budget") continue;
    cell.lookedAt = block;
    cell.stopped = null;
    const estimate = estimateCell(cell.replicates, run.seed, run.level)!;
    const halfWidth = halfWidthOf(estimate);
    if (estimate.kind === "ci95" && halfWidth <= run.targetHalfWidth) {
      cell.stopped = { replicates: cell.replicates.length, halfWidth, reason: "precise" };
    } else {
      wide.push({
        cell,
        halfWidth,
        repeats: isCacheInsensitive(cell, results.environment),
        timeToGoal: timeToGoal(cell, run.targetHalfWidth),
      });
    }
  }
  wide.sort((a, b) => Number(b.repeats) - Number(a.repeats) || a.timeToGoal - b.timeToGoal);
  let spentMs = cells.reduce((sum, cell) => sum + spentOn(cell), 0);
  const allMs = (run.budgetSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const halfMs = next === run.looks.at(-1) ? allMs : (spentMs + allMs) / 2;
  for (const { cell, halfWidth, repeats } of wide) {
    const costMs = (spentOn(cell) / cell.replicates.length) * (next - block);
    if (spentMs + costMs > (repeats ? allMs : halfMs)) {
      cell.stopped = { replicates: cell.replicates.length, halfWidth, reason: "budget" };
    } else {
      spentMs += costMs;
    }
  }
}

/** Replicates of every cell, whatever the time: fewer support no finding. */
const FIRST_REPLICATES = 3;

/** Whether it is decided before a block which cells of a run of several scenarios its budget carries to the first look. */
export function isSharedBudget({ run, cells }: Results, block: number): boolean {
  const { budgetSeconds, replicates } = run;
  if (block !== FIRST_REPLICATES || budgetSeconds === null || replicates.least <= block) return false;
  return new Set(cells.map(({ scenario }) => scenario)).size > 1;
}

/**
 * Decides, before the block numbered `block`, which cells of a run of several scenarios are carried to the first look.
 * Does nothing unless that is after the first three replicates and there is a budget.
 */
export function allocateBudget(results: Results, block: number): void {
  const { run, cells } = results;
  const { budgetSeconds, replicates } = run;
  if (budgetSeconds === null || !isSharedBudget(results, block)) return;
  const open = cells.filter((cell) => cell.stopped === null && cell.lookedAt < block && spentOn(cell) > 0);
  const costMs = (cell: Cell) => (spentOn(cell) / cell.replicates.length) * (replicates.least - block);
  open.sort(
    (a, b) => Number(b.scenario === "lookup") - Number(a.scenario === "lookup") || costMs(a) - costMs(b),
  );
  let spentMs = cells.reduce((sum, cell) => sum + spentOn(cell), 0);
  for (const cell of open) {
    cell.lookedAt = block;
    if (spentMs + costMs(cell) > budgetSeconds * 1000) {
      const estimate = estimateCell(cell.replicates, run.seed, run.level)!;
      cell.stopped = {
        replicates: cell.replicates.length,
        halfWidth: halfWidthOf(estimate),
        reason: "budget",
      };
    } else spentMs += costMs(cell);
  }
}

/** Whether other tenants of the machine hardly matter: a list without a hash lookup, or a program that fits the L2 cache. */
export function isCacheInsensitive(cell: Cell, environment: Results["environment"]): boolean {
  const { work, programBytes } = cell;
  const list = work !== null && work.mapLookups === 0 && work.hashProbes === 0 && work.rulesVisited > 0;
  return list || (programBytes !== null && !exceedsL2(cell, environment));
}

/** Milliseconds until the interval is probably narrow enough. */
export function timeToGoal(cell: Cell, target: number): number {
  const n = cell.replicates.length;
  return Math.max(1, replicatesToGoal(cell, target) - n) * (spentOn(cell) / n);
}

/**
 * Replicates until the interval is probably narrow enough, if it shrinks with their root. Its width is
 * guessed from the quartiles (1.57 · IQR / sqrt(n), the notch of McGill, Tukey & Larsen, The American Statistician 32,
 * 1978), because one outlier makes the real one wide and four more replicates mend that.
 */
export function replicatesToGoal({ replicates }: Cell, target: number): number {
  const medians = Float64Array.from(replicates, (replicate) => replicate.median).sort();
  const n = medians.length;
  const spread = quantileSorted(medians, 0.75) - quantileSorted(medians, 0.25);
  const halfWidth = (1.57 * spread) / Math.sqrt(n) / quantileSorted(medians, 0.5);
  return n * (halfWidth / target) ** 2;
}

/** Disturbed takes included: as many are to be expected of further replicates. */
export function spentOn({ replicates, disturbed }: Cell): number {
  return [...replicates, ...disturbed].reduce((sum, take) => sum + take.wallMs, 0);
}

/**
 * What a run will probably measure yet: its stopping rule (stopping.ts) played on, with intervals that narrow as their widths so
 * far let expect. A range from the next look to the last one would be honest too, and of no use to who waits.
 */

import type { Cell, Results } from "../results/schema.js";
import { replicatesFor } from "../stats/bootstrap.js";
import { quantileSorted } from "../stats/quantile.js";
import { isCacheInsensitive, isSharedBudget, replicatesToGoal, spentOn, timeToGoal } from "./stopping.js";

/** Replicates and their time. */
export interface Forecast {
  readonly replicates: number;
  readonly ms: number;
}

/** With fewer replicates nothing is known of their spread. */
const LEAST_FOR_SPREAD = 3;
/**
 * How many times as many replicates an interval of a run's level takes as the quartiles let expect at 95 %: (2.39 · 1.253 / (1.57
 * · 1.349))^2 by the bootstrap of a median at 98.3 %.
 */
const REPLICATES_OF_LEVEL = 2;

/** A cell as it will be. */
interface Expected {
  readonly cell: Cell;
  /** Of a replicate, with the takes that were disturbed. */
  readonly ms: number;
  /** Replicates after which its interval is narrow; undefined: not known yet. */
  readonly needed: number | undefined;
  readonly timeToGoal: number;
  readonly repeats: boolean;
  /** Replicates by then. */
  count: number;
  isOpen: boolean;
  /** No look opens it again. */
  isDone: boolean;
}

/**
 * Which cell still goes on hangs on a hair: on how many replicates it needs, and whether the budget just holds it. Neither is
 * known better than by these factors, and the mean over them moves little where a single guess would jump.
 */
const GUESSES = [
  { needed: 0.5, cost: 1 },
  { needed: 0.7, cost: 1.15 },
  { needed: 1, cost: 0.95 },
  { needed: 1.4, cost: 1.1 },
  { needed: 2, cost: 1.05 },
] as const;

/** From a place of a block on; `isOpen` says which cells are measured in that block. */
export function forecastRun(
  results: Results,
  block: number,
  place: number,
  isOpen: (index: number) => boolean,
): Forecast {
  // Behind the last look nothing is decided any more.
  const next = results.run.looks.find((look) => look > block && look < results.run.schedule.length);
  const guesses = next === undefined ? [{ needed: 1, cost: 1 }] : GUESSES;
  const forecasts = guesses.map((guess) => playOn(results, block, place, isOpen, guess));
  const mean = (of: (one: Forecast) => number) =>
    forecasts.reduce((sum, one) => sum + of(one), 0) / forecasts.length;
  return { replicates: Math.round(mean((one) => one.replicates)), ms: mean((one) => one.ms) };
}

function playOn(
  results: Results,
  block: number,
  place: number,
  isOpen: (index: number) => boolean,
  guess: { readonly needed: number; readonly cost: number },
): Forecast {
  const { run, cells } = results;
  const known = cells.flatMap((cell) => (cell.replicates.length > 0 ? [meanMs(cell)] : []));
  const usualMs = known.length === 0 ? 0 : known.reduce((sum, ms) => sum + ms, 0) / known.length;
  const expected = cells.map((cell, index) => expectedOf(results, cell, isOpen(index), usualMs));
  // Fewer have no interval.
  const least = replicatesFor(run.level);
  const budgetMs = (run.budgetSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  // Before anything is known of the spread: most runs use up their budget; one without is over at the first look at best.
  const atFirst = run.budgetSeconds === null ? (run.looks[0] ?? 0) : Number.POSITIVE_INFINITY;
  const usualNeeded = usual(expected.flatMap(({ needed }) => needed ?? [])) ?? atFirst;
  let spentMs = cells.reduce((sum, cell) => sum + spentOn(cell), 0);
  let replicates = 0;
  let ms = 0;
  for (let b = block; b < run.schedule.length; b++) {
    if (b > block) {
      if (isSharedBudget(results, b)) shareBudget(b);
      look(b);
    }
    for (const index of run.schedule[b]!.slice(b === block ? place : 0)) {
      const one = expected[index]!;
      if (!one.isOpen || one.cell.replicates.some((replicate) => replicate.block === b)) continue;
      one.count++;
      replicates++;
      ms += one.ms;
      spentMs += one.ms;
    }
  }
  return { replicates, ms };

  /** As `allocateBudget`. */
  function shareBudget(b: number): void {
    const open = expected.filter((one) => one.isOpen);
    const costMs = (one: Expected) => guess.cost * one.ms * (run.replicates.least - b);
    const isLookup = ({ cell }: Expected) => Number(cell.scenario === "lookup");
    open.sort((x, y) => isLookup(y) - isLookup(x) || costMs(x) - costMs(y));
    let allMs = spentMs;
    for (const one of open) {
      one.isOpen = allMs + costMs(one) <= budgetMs;
      if (one.isOpen) allMs += costMs(one);
    }
  }

  /** As `interimAnalysis`. */
  function look(b: number): void {
    const next = run.looks[run.looks.indexOf(b) + 1];
    if (!run.looks.includes(b) || next === undefined) return;
    const wide: Expected[] = [];
    for (const one of expected) {
      if (one.isDone || one.count === 0) continue;
      one.isDone = one.count >= least && guess.needed * (one.needed ?? usualNeeded) <= b;
      one.isOpen = false;
      if (!one.isDone) wide.push(one);
    }
    wide.sort((x, y) => Number(y.repeats) - Number(x.repeats) || x.timeToGoal - y.timeToGoal);
    let allMs = spentMs;
    const halfMs = next === run.looks.at(-1) ? budgetMs : (spentMs + budgetMs) / 2;
    for (const one of wide) {
      const costMs = guess.cost * one.ms * (next - b);
      one.isOpen = allMs + costMs <= (one.repeats ? budgetMs : halfMs);
      if (one.isOpen) allMs += costMs;
    }
  }
}

function expectedOf({ run, environment }: Results, cell: Cell, isOpen: boolean, usualMs: number): Expected {
  const count = cell.replicates.length;
  const hasSpread = count >= LEAST_FOR_SPREAD;
  return {
    cell,
    ms: count > 0 ? meanMs(cell) : usualMs,
    needed: hasSpread ? replicatesToGoal(cell, run.targetHalfWidth) * REPLICATES_OF_LEVEL : undefined,
    timeToGoal: hasSpread ? timeToGoal(cell, run.targetHalfWidth) : Number.POSITIVE_INFINITY,
    repeats: isCacheInsensitive(cell, environment),
    count,
    isOpen,
    isDone: !isOpen && cell.stopped?.reason !== "budget",
  };
}

const meanMs = (cell: Cell): number => spentOn(cell) / cell.replicates.length;

function usual(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : quantileSorted(Float64Array.from(values).sort(), 0.5);
}

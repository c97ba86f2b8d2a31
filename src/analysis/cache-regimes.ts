/** Time of a lookup by what holds the memory that it touches: laws while caches do, and growth beyond. */

import type { MeasuredCell } from "../results/select.js";
import { exponentOver, type LocalExponent } from "../stats/exponent.js";
import { maxOf, minOf } from "../stats/extent.js";
import { type Fitted, fitLaw } from "../stats/fit.js";

/** A node or entry that surely takes this much longer than the cheapest before is no longer in the same cache. */
const LEAVES_THE_CACHE = 1.5;
const FLAT_WITHIN = 1.25;
/** Fewer N have no law. */
const LEAST_POINTS = 3;

/** Neighbouring N at which a node or entry costs about the same, or beyond which it does not. */
export interface Regime {
  readonly from: number;
  readonly to: number;
  /** The cheapest and the most expensive node or entry, nanoseconds. */
  readonly nsPerVisit: readonly [number, number];
  /** Whether no median is more than a quarter above another: then the law is O(1), whatever is left to fit. */
  readonly isFlat: boolean;
  /** Of time over the services; null for fewer than three N. */
  readonly fit: Fitted | null;
  /** Power of N that time grows by; null for one N. */
  readonly power: LocalExponent | null;
}

export interface CacheRegimes {
  readonly cached: Regime;
  /** null: nothing left the caches. */
  readonly beyond: Regime | null;
}

/** Nodes, entries and rules that a lookup visits. */
export const visitsOf = ({ work }: MeasuredCell): number => work!.rulesVisited + work!.hashProbes;

/**
 * Splits a plane's cells, ascending in N and with their work, where what a visit costs surely rises.
 *
 * @param cells at least one
 * @param seed of the resamples
 */
export function cacheRegimes(cells: readonly MeasuredCell[], seed: number): CacheRegimes {
  let cheapest = Number.POSITIVE_INFINITY;
  let split = cells.length;
  for (const [i, cell] of cells.entries()) {
    const { median, interval } = cell.estimate;
    if (interval[0] / visitsOf(cell) > LEAVES_THE_CACHE * cheapest) {
      split = i;
      break;
    }
    cheapest = Math.min(cheapest, median / visitsOf(cell));
  }
  const beyond = cells.slice(split);
  return {
    cached: regimeOf(cells.slice(0, split), seed),
    beyond: beyond.length > 0 ? regimeOf(beyond, seed) : null,
  };
}

function regimeOf(cells: readonly MeasuredCell[], seed: number): Regime {
  const [first, last] = [cells[0]!, cells.at(-1)!];
  const costs = cells.map((cell) => cell.estimate.median / visitsOf(cell));
  const medians = cells.map(({ estimate }) => estimate.median);
  const groups = cells.map(({ services, replicates }) => ({
    n: services,
    values: replicates.map(({ median }) => median),
  }));
  return {
    from: first.services,
    to: last.services,
    nsPerVisit: [minOf(costs), maxOf(costs)],
    isFlat: maxOf(medians) <= FLAT_WITHIN * minOf(medians),
    fit: cells.length >= LEAST_POINTS ? fitLaw(groups, seed) : null,
    power: cells.length < 2 ? null : exponentOver(groups, seed),
  };
}

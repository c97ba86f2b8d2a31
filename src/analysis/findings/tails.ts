/** What single packets say beyond the median. */

import { cellId } from "../../results/cells.js";
import { planeLabel } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import type { MeasuredCell } from "../../results/select.js";
import { quantileSorted } from "../../stats/quantile.js";
import { formatCount, formatNs } from "../../text.js";
import { formatFactor, headlineFactor, twoDigits } from "./common.js";

/** Below this, the spread of entries visited is no matter of position: part of every walk is the same. */
const MIN_RATIO = 1.6;

/**
 * In a list a packet's position decides: uniform positions have their 99th percentile at 1.98 times the middle. Said at
 * the largest N that has percentiles, and only where the entries that the same lookups visited (exact) have the ratio
 * that their times have, within its interval: then position explains it.
 */
export function positionDecides(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const cell = cells.findLast(({ percentiles }) => percentiles !== null);
  if (!cell?.percentiles) return null;
  const { p50, p99, lookups } = cell.percentiles;
  const value = p99.value / p50.value;
  const interval: [number, number] = [p99.interval[0] / p50.interval[1], p99.interval[1] / p50.interval[0]];
  const visited = Float64Array.from(cell.replicates.flatMap(({ singles }) => singles?.visited ?? [])).sort();
  const explained = quantileSorted(visited, 0.99) / quantileSorted(visited, 0.5);
  if (!(explained >= MIN_RATIO && interval[0] <= explained && explained <= interval[1])) return null;
  return {
    id: "position",
    headline: `In ${planeLabel(results, cell.plane)}, position decides: p99 is ${headlineFactor(value, interval)} p50`,
    sentence:
      `At ${formatCount(cell.services)} Services the 99th percentile of single ${planeLabel(results, cell.plane)} lookups is ${formatNs(p99.value)}, ` +
      `${formatFactor(value, interval)} their median of ${formatNs(p50.value)} (${formatCount(lookups)} lookups timed one at a time): ` +
      `the position of a Service in the list decides: the entries that these lookups visited differ by the same factor, ${twoDigits(explained)}.`,
    cells: [cellId(cell)],
    value,
    interval,
  };
}

/** What single packets say beyond the median. */

import type { Finding } from "../../results/schema.js";
import { formatCount, formatNs } from "../format.js";
import { cellName, digits, type Measured, planeLabel } from "./common.js";

/** Position decides when the slowest packet takes about twice the median: positions are uniform. */
const POSITION_RATIO = [1.6, 3] as const;

/**
 * In a list p99 is near twice the median, because a packet's position in the list decides: uniform positions have their
 * 99th percentile at 1.98 times the middle. Said at the largest N that has percentiles, where the interval allows it.
 */
export function positionDecides(cells: readonly Measured[]): Finding | null {
  const cell = cells.findLast(({ percentiles }) => percentiles !== null);
  if (!cell?.percentiles) return null;
  const { p50, p99, lookups } = cell.percentiles;
  const value = p99.value / p50.value;
  const interval: [number, number] = [p99.interval[0] / p50.interval[1], p99.interval[1] / p50.interval[0]];
  if (interval[0] < POSITION_RATIO[0] || interval[1] > POSITION_RATIO[1]) return null;
  return {
    id: "position",
    headline: `In ${planeLabel(cell.plane)}, position decides: p99 is twice the median`,
    sentence:
      `At ${formatCount(cell.services)} services the 99th percentile of single ${planeLabel(cell.plane)} lookups is ${formatNs(p99.value)}, ` +
      `${digits(value)} times [${interval.map(digits).join(", ")}] their median of ${formatNs(p50.value)} (${formatCount(lookups)} lookups timed one at a time): ` +
      "a service's place in the list decides.",
    cells: [cellName(cell)],
    value,
    interval,
  };
}

/** Percentiles of single packets, where the clock could time them. */

import { pooledPercentiles } from "../stats/percentiles.js";
import { median } from "../stats/quantile.js";
import type { Cell, Percentiles } from "./schema.js";

/** A percentile with fewer lookups beyond it is one of the largest few, and chance. */
const MIN_BEYOND = 5;
const SHARES = [0.01, 0.5, 0.9, 0.99, 0.999] as const;

/** A cell's percentiles, or the reason why it has none. */
export function percentilesOf(
  cell: Cell,
  seed: number,
): { percentiles: Percentiles | null; reason: string | null } {
  const { replicates } = cell;
  if (replicates.length === 0) return { percentiles: null, reason: "nothing was measured" };
  const singles = replicates.flatMap((replicate) => (replicate.singles ? [replicate.singles.ns] : []));
  if (singles.length < replicates.length) {
    const floor = Math.round(median(replicates.map(({ timerFloorNs }) => timerFloorNs)));
    return {
      percentiles: null,
      reason: `a lookup takes less than 20 times what reading the clock does (${floor} ns), or too few could be timed one at a time`,
    };
  }
  const [p01, p50, p90, p99, p999] = pooledPercentiles(singles, SHARES, seed);
  const lookups = singles.reduce((sum, { length }) => sum + length, 0);
  const tail = lookups * (1 - SHARES[4]) >= MIN_BEYOND ? p999! : null;
  return { percentiles: { lookups, p01: p01!, p50: p50!, p90: p90!, p99: p99!, p999: tail }, reason: null };
}

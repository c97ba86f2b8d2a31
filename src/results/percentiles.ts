/** Percentiles of single packets, where the clock could time them. */

import { pairedRatios, pooledPercentiles } from "../stats/percentiles.js";
import { median } from "../stats/quantile.js";
import type { Cell, Percentiles, RelativeToBaseline, Replicate } from "./schema.js";

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

/**
 * Percentiles of a plane's cell as multiples of its baseline's, of replicates in which single connections to both took turns.
 *
 * @returns undefined: there are none
 */
export function relativeToBaselineOf(
  { replicates }: Pick<Cell, "replicates">,
  baseline: Pick<Cell, "replicates">,
  seed: number,
): RelativeToBaseline | undefined {
  const pairs = pairsOf(replicates, baseline.replicates);
  const [above, below] = [0, 1].map((side) => pairs.map((pair) => pair[side]!)) as [number[][], number[][]];
  const least = Math.min(...[above, below].map((all) => all.reduce((sum, { length }) => sum + length, 0)));
  // Below that, p99 is chance as well.
  if (least * (1 - SHARES[3]) < MIN_BEYOND) return undefined;
  const [p50, p90, p99, p999] = pairedRatios(above, below, SHARES.slice(1), seed);
  const tail = least * (1 - SHARES[4]) >= MIN_BEYOND ? p999! : null;
  return { p50: p50!, p90: p90!, p99: p99!, p999: tail };
}

/**
 * The single times of replicates of one node and one round, of both. A block has one of each node, in the same order; where
 * one of them has none there, who belongs to whom is not known, and the block is left out.
 */
function pairsOf(
  above: readonly Replicate[],
  below: readonly Replicate[],
): (readonly [number[], number[]])[] {
  const blocks = [...new Set(above.map(({ block }) => block))];
  return blocks.flatMap((block) => {
    const [a, b] = [above, below].map((replicates) =>
      replicates.flatMap((each) => (each.block === block && each.singles ? [each.singles.ns] : [])),
    ) as [number[][], number[][]];
    return a.length === b.length ? a.map((ns, i) => [ns, b[i]!] as const) : [];
  });
}

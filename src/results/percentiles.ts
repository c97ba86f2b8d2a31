/** Percentiles of single packets, where the clock could time them. */

import { REPLICATES_FOR_INTERVAL } from "../stats/bootstrap.js";
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
 * Percentiles of a plane's cell as multiples of its baseline's, of the rounds in which connections to both were interleaved.
 *
 * @returns undefined where there are too few rounds for an interval, or connections for p99, or times that the clock does not tell from 0
 */
export function relativeToBaselineOf(
  { replicates }: Pick<Cell, "replicates">,
  baseline: Pick<Cell, "replicates">,
  seed: number,
): RelativeToBaseline | undefined {
  const pairs = pairsOf(replicates, baseline.replicates);
  if (pairs.length < REPLICATES_FOR_INTERVAL) return undefined;
  const [above, below] = [pairs.map(([ns]) => ns), pairs.map(([, ns]) => ns)];
  const least = Math.min(...[above, below].map((all) => all.reduce((sum, { length }) => sum + length, 0)));
  if (least * (1 - SHARES[3]) < MIN_BEYOND) return undefined;
  const ratios = pairedRatios(above, below, SHARES.slice(1), seed);
  // A clock of coarse steps takes short times for none.
  if (!ratios.every(({ value, interval }) => [value, ...interval].every((end) => end > 0 && end < Infinity)))
    return undefined;
  const [p50, p90, p99, p999] = ratios;
  const tail = least * (1 - SHARES[4]) >= MIN_BEYOND ? p999! : null;
  return { p50: p50!, p90: p90!, p99: p99!, p999: tail };
}

/** The single times of both in each round of each node that both have. */
function pairsOf(
  above: readonly Replicate[],
  below: readonly Replicate[],
): (readonly [number[], number[]])[] {
  const keyOf = ({ block, node }: Replicate) => `${block} ${node}`;
  const singlesBelow = new Map(below.map((replicate) => [keyOf(replicate), replicate.singles?.ns]));
  return above.flatMap((replicate) => {
    const [ns, other] = [replicate.singles?.ns, singlesBelow.get(keyOf(replicate))];
    return ns && other ? [[ns, other] as const] : [];
  });
}

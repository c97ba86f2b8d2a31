/** Percentiles of single values, with intervals over replicates. */

import { Random } from "../random.js";
import { intervalOf, RESAMPLES } from "./bootstrap.js";

export interface Percentile {
  readonly value: number;
  readonly interval: [number, number];
}

type Replicates = readonly (readonly number[])[];

/**
 * Percentiles of the values of all replicates together, each with a 95 % interval by a bootstrap over replicates (values
 * within one are not independent of its memory and caches). Below two replicates the interval is the value itself.
 */
export function pooledPercentiles(
  replicates: Replicates,
  shares: readonly number[],
  seed: number,
): Percentile[] {
  const pool = poolOf(replicates);
  return withIntervals(replicates.length, shares, seed, (times) => percentilesOf(pool, shares, times));
}

/**
 * Percentiles of one series over the same percentiles of another, interleaved with it in the same replicates: `above[r]` belongs
 * to `below[r]`. A resample draws both together, so what slows a whole replicate down by one factor cancels (Davison & Hinkley
 * 1997, section 2.4: resample what was sampled).
 */
export function pairedRatios(
  above: Replicates,
  below: Replicates,
  shares: readonly number[],
  seed: number,
): Percentile[] {
  const pools = [poolOf(above), poolOf(below)] as const;
  return withIntervals(above.length, shares, seed, (times) => {
    const [a, b] = pools.map((pool) => percentilesOf(pool, shares, times));
    return shares.map((_, i) => a![i]! / b![i]!);
  });
}

/** What `statistic` gives for each share when every replicate counts once, with 95 % intervals over resampled replicates. */
function withIntervals(
  replicates: number,
  shares: readonly number[],
  seed: number,
  statistic: (times: Uint32Array) => ArrayLike<number>,
): Percentile[] {
  const times = new Uint32Array(replicates).fill(1);
  const values = Array.from(statistic(times));
  if (replicates < 2) return values.map((value) => ({ value, interval: [value, value] }));

  const random = Random.fromSeed(seed, "percentiles");
  const estimates = shares.map(() => new Float64Array(RESAMPLES));
  for (let resample = 0; resample < RESAMPLES; resample++) {
    times.fill(0);
    for (let i = 0; i < replicates; i++) times[random.below(replicates)]!++;
    const drawn = statistic(times);
    for (let s = 0; s < shares.length; s++) estimates[s]![resample] = drawn[s]!;
  }
  return values.map((value, i) => ({ value, interval: intervalOf(estimates[i]!, 0.95, replicates) }));
}

/** The values of all replicates, ascending, and the replicate of each. */
interface Pool {
  readonly sorted: Float64Array;
  readonly owner: Uint32Array;
  readonly lengths: readonly number[];
}

function poolOf(replicates: Replicates): Pool {
  const all = replicates
    .flatMap((values, replicate) => values.map((value) => ({ value, replicate })))
    .sort((a, b) => a.value - b.value);
  return {
    sorted: Float64Array.from(all, ({ value }) => value),
    owner: Uint32Array.from(all, ({ replicate }) => replicate),
    lengths: replicates.map(({ length }) => length),
  };
}

/** Percentiles of a pool in which replicate r counts `times[r]` times. */
function percentilesOf(
  { sorted, owner, lengths }: Pool,
  shares: readonly number[],
  times: Uint32Array,
): Float64Array {
  const total = lengths.reduce((sum, length, r) => sum + length * times[r]!, 0);
  // The ranks on either side of each share; one walk over the sorted values finds them all, the lowest first.
  const ranks = shares.flatMap((share) => {
    const below = Math.floor(share * (total - 1));
    return [below, Math.min(below + 1, total - 1)];
  });
  const ascending = ranks.map((_, i) => i).sort((a, b) => ranks[a]! - ranks[b]!);
  const found = new Float64Array(ranks.length);
  let seen = 0;
  for (let i = 0, next = 0; i < sorted.length && next < ranks.length; i++) {
    seen += times[owner[i]!]!;
    while (next < ranks.length && seen > ranks[ascending[next]!]!) found[ascending[next++]!] = sorted[i]!;
  }
  return Float64Array.from(shares, (share, s) => {
    const part = share * (total - 1) - ranks[2 * s]!;
    return found[2 * s]! + part * (found[2 * s + 1]! - found[2 * s]!);
  });
}

/** Percentiles of single values, with intervals over replicates. */

import { Random } from "../random.js";
import { intervalOf, RESAMPLES } from "./bootstrap.js";
import { quantileSorted } from "./quantile.js";

export interface Percentile {
  readonly value: number;
  readonly interval: [number, number];
}

/**
 * Percentiles (`shares` ascending, not closer than two ranks) of the values of all replicates together, each
 * with a 95 % interval by a bootstrap over replicates (values within one are not independent of its memory
 * and caches). Below two replicates the interval is the value itself.
 */
export function pooledPercentiles(
  replicates: readonly (readonly number[])[],
  shares: readonly number[],
  seed: number,
): Percentile[] {
  const all = replicates
    .flatMap((values, replicate) => values.map((value) => ({ value, replicate })))
    .sort((a, b) => a.value - b.value);
  const sorted = Float64Array.from(all, ({ value }) => value);
  const owner = Uint32Array.from(all, ({ replicate }) => replicate);
  const values = shares.map((share) => quantileSorted(sorted, share));
  if (replicates.length < 2) return values.map((value) => ({ value, interval: [value, value] }));

  const random = Random.fromSeed(seed, "percentiles");
  const estimates = shares.map(() => new Float64Array(RESAMPLES));
  const times = new Uint32Array(replicates.length);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    times.fill(0);
    for (let i = 0; i < replicates.length; i++) times[random.below(replicates.length)]!++;
    const total = replicates.reduce((sum, { length }, r) => sum + length * times[r]!, 0);
    // The ranks on either side of each share, ascending; one walk over the sorted values finds them all, because each value
    // counts as often as its replicate was drawn.
    const ranks = shares.flatMap((share) => {
      const below = Math.floor(share * (total - 1));
      return [below, Math.min(below + 1, total - 1)];
    });
    const found = new Float64Array(ranks.length);
    let seen = 0;
    for (let i = 0, next = 0; i < sorted.length && next < ranks.length; i++) {
      seen += times[owner[i]!]!;
      while (next < ranks.length && seen > ranks[next]!) found[next++] = sorted[i]!;
    }
    for (const [s, share] of shares.entries()) {
      const part = share * (total - 1) - ranks[2 * s]!;
      estimates[s]![resample] = found[2 * s]! + part * (found[2 * s + 1]! - found[2 * s]!);
    }
  }
  return values.map((value, i) => ({ value, interval: intervalOf(estimates[i]!, 0.95, replicates.length) }));
}

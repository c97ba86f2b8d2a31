/** Percentiles of single values, with intervals over replicates. */

import { Random } from "../random.js";
import { intervalOf, RESAMPLES } from "./bootstrap.js";
import { quantileSorted } from "./quantile.js";

export interface Percentile {
  readonly value: number;
  readonly interval: [number, number];
}

/**
 * Percentiles of the values of all replicates together, each with a 95 % interval by a bootstrap over replicates (values
 * within one are not independent of its memory and caches). Below two replicates the interval is the value itself.
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
    // One walk over the sorted values finds all shares: each value counts as often as its replicate was drawn.
    let seen = 0;
    let next = 0;
    for (let i = 0; i < sorted.length && next < shares.length; i++) {
      seen += times[owner[i]!]!;
      while (next < shares.length && seen > shares[next]! * (total - 1)) {
        estimates[next++]![resample] = sorted[i]!;
      }
    }
  }
  return values.map((value, i) => ({ value, interval: intervalOf(estimates[i]!, 0.95, replicates.length) }));
}

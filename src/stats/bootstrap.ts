/** Intervals by resampling. */

import { Random } from "../random.js";
import { quantileSorted } from "./quantile.js";

/** An interval of a median needs at least this many replicates: below, not even all of them reach 95 % coverage. */
export const REPLICATES_FOR_INTERVAL = 6;

const RESAMPLES = 1000;

/**
 * 95 % percentile interval of "median over replicates of each replicate's median" by a hierarchical bootstrap:
 * replicates are drawn with replacement, then the samples of each (Davison & Hinkley 1997, section 3.8; the levels of
 * measurement.md rule 10). Seeded, so the same samples give the same interval. O(resamples · samples).
 */
export function hierarchicalMedianInterval(
  replicates: readonly (readonly number[])[],
  seed: number,
): [number, number] {
  const random = Random.fromSeed(seed, "bootstrap");
  const sorted = replicates.map((samples) => Float64Array.from(samples).sort());
  const counts = new Uint32Array(Math.max(...sorted.map((samples) => samples.length)));
  const medians = new Float64Array(sorted.length);
  const estimates = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    for (let r = 0; r < medians.length; r++) {
      medians[r] = resampledMedian(sorted[random.below(sorted.length)]!, counts, random);
    }
    estimates[resample] = quantileSorted(medians.sort(), 0.5);
  }
  estimates.sort();
  return [quantileSorted(estimates, 0.025), quantileSorted(estimates, 0.975)];
}

/** Median of a bootstrap sample of sorted values: draws are counted per rank, so nothing needs sorting again. */
function resampledMedian(sorted: Float64Array, counts: Uint32Array, random: Random): number {
  const n = sorted.length;
  counts.fill(0, 0, n);
  for (let i = 0; i < n; i++) counts[random.below(n)]!++;
  const lowRank = (n - 1) >>> 1;
  const highRank = n >>> 1;
  let seen = 0;
  let low = Number.NaN;
  for (let i = 0; i < n; i++) {
    seen += counts[i]!;
    if (Number.isNaN(low) && seen > lowRank) low = sorted[i]!;
    if (seen > highRank) return (low + sorted[i]!) / 2;
  }
  return low;
}

/**
 * 95 % percentile interval of any statistic of replicate medians: for each resample the replicates of every cell are
 * drawn with replacement and `statistic` gets their medians, a number a cell.
 */
export function replicateInterval(
  cells: readonly (readonly number[])[],
  statistic: (medians: readonly number[]) => number,
  seed: number,
): [number, number] {
  const random = Random.fromSeed(seed, "replicates");
  const estimates = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    estimates[resample] = statistic(
      cells.map((values) => {
        const drawn = Float64Array.from(values, () => values[random.below(values.length)]!);
        return quantileSorted(drawn.sort(), 0.5);
      }),
    );
  }
  estimates.sort();
  return [quantileSorted(estimates, 0.025), quantileSorted(estimates, 0.975)];
}

/** Intervals by resampling. */

import { Random } from "../random.js";
import { normalShare, studentQuantile } from "./distributions.js";
import { maxOf, minOf } from "./extent.js";
import { quantileSorted } from "./quantile.js";

/** An interval of a median needs at least this many replicates: below, not even all of them reach 95 % coverage. */
export const REPLICATES_FOR_INTERVAL = 6;

/** The same for any level: the range of n values misses their median with probability 2^(1-n). */
export function replicatesFor(level: number): number {
  return Math.ceil(1 - Math.log2(1 - level));
}

export const RESAMPLES = 1000;

/**
 * Where to cut the distribution of resampled estimates so that the interval between covers `level`. Plain percentiles are
 * too narrow for few replicates (they cover the median of seven in 90 % of cases, these in 98 %); these are
 * Hesterberg's expanded ones, which match the t interval: z = sqrt(n / (n - 1)) · t ("What Teachers Should
 * Know about the Bootstrap", The American Statistician 69, 2015; `ExpandProbs` of R's package resample).
 */
export function expandedLevels(level: number, replicates: number): [number, number] {
  const t = studentQuantile((1 + level) / 2, replicates - 1);
  const tail = normalShare(-Math.sqrt(replicates / (replicates - 1)) * t);
  return [tail, 1 - tail];
}

/** The interval of `level` that resampled estimates give, for `replicates` replicates. Sorts the estimates. */
export function intervalOf(estimates: Float64Array, level: number, replicates: number): [number, number] {
  const [low, high] = expandedLevels(level, replicates);
  estimates.sort();
  return [quantileSorted(estimates, low), quantileSorted(estimates, high)];
}

/**
 * Interval of "median over replicates of each replicate's median" by a hierarchical bootstrap: replicates are drawn with
 * replacement, then the samples of each (Davison & Hinkley 1997, section 3.8). Seeded, so the same samples give the same
 * interval. Needs two replicates. O(resamples · samples).
 */
export function hierarchicalMedianInterval(
  replicates: readonly (readonly number[])[],
  seed: number,
  level = 0.95,
): [number, number] {
  const estimates = new Float64Array(RESAMPLES);
  let resample = 0;
  for (const drawn of drawHierarchically(replicates, seed)) {
    estimates[resample++] = quantileSorted(Float64Array.from(drawn.medians).sort(), 0.5);
  }
  return intervalOf(estimates, level, replicates.length);
}

/** One resample of a cell: the replicates that were drawn, and the resampled median of each. Reused between draws. */
export interface Drawn {
  readonly indices: Uint32Array;
  readonly medians: Float64Array;
}

/** 1,000 resamples of replicates and, within each, of its samples. */
export function* drawHierarchically(
  replicates: readonly (readonly number[])[],
  seed: number,
): Generator<Drawn> {
  const random = Random.fromSeed(seed, "bootstrap");
  const sorted = replicates.map((samples) => Float64Array.from(samples).sort());
  const counts = new Uint32Array(maxOf(sorted.map((samples) => samples.length)));
  const drawn = { indices: new Uint32Array(sorted.length), medians: new Float64Array(sorted.length) };
  for (let resample = 0; resample < RESAMPLES; resample++) {
    for (let r = 0; r < sorted.length; r++) {
      const index = random.below(sorted.length);
      drawn.indices[r] = index;
      drawn.medians[r] = resampledMedian(sorted[index]!, counts, random);
    }
    yield drawn;
  }
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

/** 1,000 resamples of replicates: for each, every cell's replicates are drawn with replacement. `visit` gets the draws. */
export function resampleReplicates(
  cells: readonly (readonly number[])[],
  seed: number,
  visit: (drawn: readonly Float64Array[], resample: number) => void,
): number {
  const random = Random.fromSeed(seed, "replicates");
  const drawn = cells.map((values) => new Float64Array(values.length));
  for (let resample = 0; resample < RESAMPLES; resample++) {
    for (const [c, values] of cells.entries()) {
      const into = drawn[c]!;
      for (let i = 0; i < into.length; i++) into[i] = values[random.below(values.length)]!;
    }
    visit(drawn, resample);
  }
  return RESAMPLES;
}

/** 95 % interval of any statistic of the medians of cells' replicates: `statistic` gets one median per cell. */
export function replicateInterval(
  cells: readonly (readonly number[])[],
  statistic: (medians: readonly number[]) => number,
  seed: number,
): [number, number] {
  const estimates = new Float64Array(RESAMPLES);
  resampleReplicates(cells, seed, (drawn, resample) => {
    estimates[resample] = statistic(drawn.map((values) => quantileSorted(values.sort(), 0.5)));
  });
  return intervalOf(estimates, 0.95, minOf(cells.map((values) => values.length)));
}

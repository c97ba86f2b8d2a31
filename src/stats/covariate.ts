/** A median at a stated speed of memory: analysis of covariance with the pointer chase of each replicate. */

import { drawHierarchically, intervalOf, RESAMPLES } from "./bootstrap.js";
import { median, quantileSorted } from "./quantile.js";

/** Time can't follow the chase more steeply than this; beyond, a slope of few replicates is noise. */
const MAX_SLOPE = 2;

export interface Adjusted {
  /** What the median would be, were the covariate at its reference. */
  readonly median: number;
  readonly interval: [number, number];
  /** Per cent of the value for each per cent of the covariate, from 0 to 2. */
  readonly slope: number;
}

/**
 * Adjusts a cell's replicates to one value of a covariate: log y is regressed on log covariate over the replicates, and
 * each is moved along that line to `reference` (ANCOVA; Cochran, Biometrics 13, 1957). The slope is estimated again in
 * each bootstrap resample, so that the interval pays for it.
 */
export function adjustForCovariate(
  replicates: readonly { readonly samples: readonly number[]; readonly covariate: number }[],
  reference: number,
  seed: number,
  level = 0.95,
): Adjusted {
  const distance = Float64Array.from(replicates, ({ covariate }) => Math.log(covariate / reference));
  const at = (logs: ArrayLike<number>, distances: ArrayLike<number>, slope: number) => {
    const moved = Float64Array.from(logs, (log, i) => log - slope * distances[i]!);
    return Math.exp(quantileSorted(moved.sort(), 0.5));
  };
  const logs = replicates.map(({ samples }) => Math.log(median(samples)));
  const slope = clampedSlope(distance, logs);
  const estimates = new Float64Array(RESAMPLES);
  let resample = 0;
  for (const { indices, medians } of drawHierarchically(
    replicates.map(({ samples }) => samples),
    seed,
  )) {
    const drawn = Float64Array.from(indices, (index) => distance[index]!);
    const drawnLogs = Float64Array.from(medians, Math.log);
    estimates[resample++] = at(drawnLogs, drawn, clampedSlope(drawn, drawnLogs));
  }
  return {
    median: at(logs, distance, slope),
    interval: intervalOf(estimates, level, replicates.length),
    slope,
  };
}

/** Slope of y on x by least squares, kept between 0 and MAX_SLOPE; 0 where x does not vary. */
export function clampedSlope(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < x.length; i++) {
    meanX += x[i]! / x.length;
    meanY += y[i]! / x.length;
  }
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    xx += (x[i]! - meanX) ** 2;
    xy += (x[i]! - meanX) * (y[i]! - meanY);
  }
  return xx > 0 ? Math.min(MAX_SLOPE, Math.max(0, xy / xx)) : 0;
}

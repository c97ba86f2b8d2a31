/** How steeply a curve rises at a place of it: its slope in logarithms. Assumes no law, so that caches may bend it. */

import { replicateInterval } from "./bootstrap.js";
import { maxOf } from "./extent.js";
import type { Group } from "./log-fit.js";
import { median } from "./quantile.js";

/** d ln y / d ln N from one N to another: 0 is flat, 1 is proportional to N. */
export interface LocalExponent {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  /** 95 %, over replicates. */
  readonly interval: [number, number];
}

/** The last decade begins at the largest N that is at most the last N by this. */
const DECADE = 10;

/**
 * The exponent over the last decade: the slope of a straight line through ln(median) against ln N, by least squares, over
 * the shortest range up to the last N that spans a factor of ten. Small N, where the fixed cost of a lookup hides its
 * growth, stay out (the power rule of McGeoch et al., "Using Finite Experiments to Study Asymptotic Performance", 2002).
 *
 * @param groups ascending in N, two replicates each or more, all values positive
 * @param seed of the bootstrap over replicates
 * @returns null where the N don't span a factor of ten
 */
export function lastDecadeExponent(groups: readonly Group[], seed: number): LocalExponent | null {
  const last = groups.at(-1);
  if (!last) return null;
  const start = groups.findLastIndex(({ n }) => n * DECADE <= last.n);
  return start < 0 ? null : exponentOver(groups.slice(start), seed);
}

/**
 * The steepest stretch between neighbouring N: the base-two logarithm of Sedgewick & Wayne's doubling ratio (Algorithms, 4th
 * edition, section 1.4), for any ratio of N. Its interval is that of the stretch, not of the steepest of several.
 *
 * @param groups ascending in N, two replicates each or more, all values positive
 * @param seed of the bootstrap over replicates
 * @returns null for fewer than two groups
 */
export function steepestStretch(groups: readonly Group[], seed: number): LocalExponent | null {
  const medians = groups.map(({ values }) => median(Array.from(values)));
  const slopes = groups.slice(1).map(({ n }, i) => slopeOf([groups[i]!.n, n], medians.slice(i, i + 2)));
  if (slopes.length === 0) return null;
  const steepest = slopes.indexOf(maxOf(slopes));
  return exponentOver(groups.slice(steepest, steepest + 2), seed);
}

/**
 * The exponent over a range: of all that are spoken of, so that one range has one exponent.
 *
 * @param groups ascending in N, two or more, two replicates each or more, all values positive
 * @param seed of the bootstrap over replicates
 */
export function exponentOver(groups: readonly Group[], seed: number): LocalExponent {
  const services = groups.map(({ n }) => n);
  const values = groups.map((group) => Array.from(group.values));
  return {
    from: services[0]!,
    to: services.at(-1)!,
    value: slopeOf(services, values.map(median)),
    interval: replicateInterval(values, (medians) => slopeOf(services, medians), seed),
  };
}

/** Least-squares slope of ln y on ln n. */
function slopeOf(n: readonly number[], y: readonly number[]): number {
  const meanX = n.reduce((sum, value) => sum + Math.log(value), 0) / n.length;
  let xx = 0;
  let xy = 0;
  for (const [i, value] of n.entries()) {
    const x = Math.log(value) - meanX;
    xx += x * x;
    xy += x * Math.log(y[i]!);
  }
  return xy / xx;
}

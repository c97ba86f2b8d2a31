/** Tests that look at ranks only: they hold for any distribution. */

import { studentShare } from "./distributions.js";
import { median } from "./quantile.js";

/** Ranks from 1; equal values share the mean of their ranks. */
export function ranksOf(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let i = from; i <= to; i++) ranks[order[i]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/**
 * Spearman's rank correlation and its two-sided p by the t approximation (Kendall & Stuart, section 31.19). rho is 0 and
 * p is 1 where one side does not vary, or below three pairs.
 */
export function spearman(x: readonly number[], y: readonly number[]): { rho: number; p: number } {
  const n = x.length;
  const rx = ranksOf(x);
  const ry = ranksOf(y);
  const mean = (n + 1) / 2;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < n; i++) {
    xx += (rx[i]! - mean) ** 2;
    yy += (ry[i]! - mean) ** 2;
    xy += (rx[i]! - mean) * (ry[i]! - mean);
  }
  if (n < 3 || xx === 0 || yy === 0) return { rho: 0, p: 1 };
  const rho = xy / Math.sqrt(xx * yy);
  if (Math.abs(rho) >= 1) return { rho, p: 0 };
  const t = Math.abs(rho) * Math.sqrt((n - 2) / (1 - rho ** 2));
  return { rho, p: 2 * (1 - studentShare(t, n - 2)) };
}

export interface ChangePoint {
  /** Values before the change. */
  readonly at: number;
  /** Median after over median before. */
  readonly shift: number;
  /** Probability of so large a change without any, approximately. */
  readonly p: number;
}

/**
 * Where a series most likely changed its level, by Pettitt's test ("A Non-Parametric Approach to the Change-Point
 * Problem", Applied Statistics 28, 1979): U(t) = 2 · sum of the first t ranks - t (n + 1), K = max |U|,
 * p = 2 exp(-6 K² / (n³ + n²)). Needs two values.
 */
export function changePoint(values: readonly number[]): ChangePoint {
  const n = values.length;
  const ranks = ranksOf(values);
  let sum = 0;
  let largest = -1;
  let at = 1;
  for (let t = 1; t < n; t++) {
    sum += ranks[t - 1]!;
    const u = Math.abs(2 * sum - t * (n + 1));
    if (u > largest) {
      largest = u;
      at = t;
    }
  }
  return {
    at,
    shift: median(values.slice(at)) / median(values.slice(0, at)),
    p: Math.min(1, 2 * Math.exp((-6 * largest ** 2) / (n ** 3 + n ** 2))),
  };
}

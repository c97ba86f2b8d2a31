/** Least squares in logarithms, where an error of a tenth weighs the same at every N. */

import { maxOf, minOf } from "./extent.js";
import type { Line } from "./law.js";

/** Measurements of one N: a value per replicate, all positive. */
export interface Group {
  readonly n: number;
  readonly values: ArrayLike<number>;
}

/** Groups in logarithms: what is within them depends on no law. */
export interface Logs {
  /** Values per group, and their means. */
  readonly counts: Float64Array;
  readonly means: Float64Array;
  /** Values in all, and their squared distances from the means of their groups. */
  readonly total: number;
  readonly within: number;
}

/** Natural logarithms; `within` is the sum over all groups, and no value may be zero or negative. */
export function logsOf(groups: readonly Group[]): Logs {
  const counts = Float64Array.from(groups, ({ values }) => values.length);
  const means = new Float64Array(groups.length);
  const logs = new Float64Array(maxOf(Array.from(counts)));
  let total = 0;
  let within = 0;
  for (const [g, { values }] of groups.entries()) {
    const count = values.length;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      logs[i] = Math.log(values[i]!);
      sum += logs[i]!;
    }
    const mean = sum / count;
    let squares = 0;
    for (let i = 0; i < count; i++) squares += (logs[i]! - mean) ** 2;
    means[g] = mean;
    total += count;
    within += squares;
  }
  return { counts, means, total, within };
}

/** How much steeper each further try is, as a power of e, and below what growth over all N a law is a constant. */
const SCAN_STEP = 1;
const LEAST_GROWTH = 1e-4;
/** An intercept that is a smaller share of the least growing part than this counts as zero. */
const LEAST_INTERCEPT = 1e-4;
const MAX_STEPS = 30;

/** The line of a law through groups, and its residual sum of squares of ln y. */
export type LogFitter = (logs: Logs) => Line & { readonly rss: number };

/**
 * Least squares of ln y on ln(a + b · x), a > 0 and b >= 0, for groups whose law grows by `x`. With b = r · a that is
 * ln a + ln(1 + r · x), where ln a is a mean: only ln r is searched, by a coarse scan and then Gauss-Newton steps, which
 * make exact data exact. The slope is 0 where any growth is a worse fit, or x does not vary. The curves of the scan
 * depend on x alone: they are drawn once, for a thousand resamples.
 */
export function logFitter(x: readonly number[]): LogFitter {
  const positive = x.filter((value) => value > 0);
  const low = positive.length > 0 ? Math.log(LEAST_GROWTH / maxOf(positive)) : 0;
  const high = positive.length > 0 ? -Math.log(LEAST_INTERCEPT * minOf(positive)) : -1;
  const scan: { readonly r: number; readonly curve: Float64Array }[] = [];
  for (let u = low; u <= high; u += SCAN_STEP) {
    const r = Math.exp(u);
    scan.push({ r, curve: Float64Array.from(x, (value) => Math.log1p(r * value)) });
  }
  const most = Math.exp(high);
  const flat = new Float64Array(x.length);
  const curve = new Float64Array(x.length);

  return (logs) => {
    let mean = meanOver(logs, flat);
    let rss = squaresOver(logs, flat, mean);
    let r = 0;
    for (const tried of scan) {
      const nextMean = meanOver(logs, tried.curve);
      const next = squaresOver(logs, tried.curve, nextMean);
      if (!(next < rss)) continue;
      mean = nextMean;
      rss = next;
      r = tried.r;
    }
    for (let i = 0; i < MAX_STEPS && r > 0; i++) {
      const step = gaussNewton(logs, x, r, mean);
      const nextR = Math.min(most, r * Math.exp(Math.max(-SCAN_STEP, Math.min(SCAN_STEP, step))));
      for (let g = 0; g < x.length; g++) curve[g] = Math.log1p(nextR * x[g]!);
      const nextMean = meanOver(logs, curve);
      const next = squaresOver(logs, curve, nextMean);
      if (!(next < rss)) break;
      mean = nextMean;
      rss = next;
      r = nextR;
    }
    const intercept = Math.exp(mean);
    return { intercept, slope: intercept * r, rss };
  };
}

/** The mean of ln y over a curve, which is ln a. */
function meanOver({ counts, means, total }: Logs, curve: Float64Array): number {
  let mean = 0;
  for (let g = 0; g < curve.length; g++) mean += (counts[g]! * (means[g]! - curve[g]!)) / total;
  return mean;
}

/** The squares that are left where ln y lies `mean` over a curve. */
function squaresOver({ counts, means, within }: Logs, curve: Float64Array, mean: number): number {
  let rss = within;
  for (let g = 0; g < curve.length; g++) {
    const off = means[g]! - curve[g]! - mean;
    rss += counts[g]! * off * off;
  }
  return rss;
}

/** The step of ln r towards the least squares, from where ln y lies `mean` over the curve of r. */
function gaussNewton({ counts, means, total }: Logs, x: readonly number[], r: number, mean: number): number {
  const steepness = (value: number) => (r * value) / (1 + r * value);
  let average = 0;
  for (let g = 0; g < x.length; g++) average += (counts[g]! * steepness(x[g]!)) / total;
  let slope = 0;
  let curvature = 0;
  for (let g = 0; g < x.length; g++) {
    const off = means[g]! - Math.log1p(r * x[g]!) - mean;
    const steep = steepness(x[g]!) - average;
    slope += counts[g]! * off * steep;
    curvature += counts[g]! * steep * steep;
  }
  return curvature > 0 ? slope / curvature : 0;
}

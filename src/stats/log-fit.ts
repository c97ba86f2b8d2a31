/** Least squares in logarithms, where an error of a tenth weighs the same at every N. */

import { maxOf, minOf } from "./extent.js";
import type { Line } from "./law.js";

/** Measurements of one N: a value per replicate, all positive. */
export interface Group {
  readonly n: number;
  readonly values: ArrayLike<number>;
}

/** A group in logarithms: what is within it depends on no law. */
export interface Logs {
  readonly count: number;
  readonly mean: number;
  readonly within: number;
}

export function logsOf(groups: readonly Group[]): Logs[] {
  return groups.map(({ values }) => {
    const count = values.length;
    const logs = new Float64Array(count);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      logs[i] = Math.log(values[i]!);
      sum += logs[i]!;
    }
    const mean = sum / count;
    let within = 0;
    for (let i = 0; i < count; i++) within += (logs[i]! - mean) ** 2;
    return { count, mean, within };
  });
}

/** How much steeper each further try is, as a power of e, and below what growth over all N a law is a constant. */
const SCAN_STEP = 1;
const LEAST_GROWTH = 1e-4;
/** An intercept that is a smaller share of the least growing part than this is none. */
const LEAST_INTERCEPT = 1e-4;
const MAX_STEPS = 30;

/** The line of a law through groups, and its residual sum of squares of ln y. */
export type LogFitter = (logs: readonly Logs[]) => Line & { readonly rss: number };

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
    const total = logs.reduce((sum, { count }) => sum + count, 0);
    const within = logs.reduce((sum, log) => sum + log.within, 0);
    let best = distance(logs, flat, total, within);
    let r = 0;
    for (const tried of scan) {
      const next = distance(logs, tried.curve, total, within);
      if (!(next.rss < best.rss)) continue;
      best = next;
      r = tried.r;
    }
    for (let i = 0; i < MAX_STEPS && r > 0; i++) {
      const step = gaussNewton(logs, x, r, best.mean, total);
      const nextR = Math.min(most, r * Math.exp(Math.max(-SCAN_STEP, Math.min(SCAN_STEP, step))));
      for (let g = 0; g < x.length; g++) curve[g] = Math.log1p(nextR * x[g]!);
      const next = distance(logs, curve, total, within);
      if (!(next.rss < best.rss)) break;
      best = next;
      r = nextR;
    }
    const intercept = Math.exp(best.mean);
    return { intercept, slope: intercept * r, rss: best.rss };
  };
}

/** The mean of ln y over a curve, which is ln a, and the squares that are left. */
function distance(logs: readonly Logs[], curve: Float64Array, total: number, within: number) {
  let mean = 0;
  for (let g = 0; g < curve.length; g++) mean += (logs[g]!.count * (logs[g]!.mean - curve[g]!)) / total;
  let rss = within;
  for (let g = 0; g < curve.length; g++) {
    const off = logs[g]!.mean - curve[g]! - mean;
    rss += logs[g]!.count * off * off;
  }
  return { mean, rss };
}

/** The step of ln r towards the least squares, from where ln y lies `mean` over the curve of r. */
function gaussNewton(
  logs: readonly Logs[],
  x: readonly number[],
  r: number,
  mean: number,
  total: number,
): number {
  const steepness = (value: number) => (r * value) / (1 + r * value);
  let average = 0;
  for (let g = 0; g < x.length; g++) average += (logs[g]!.count * steepness(x[g]!)) / total;
  let slope = 0;
  let curvature = 0;
  for (let g = 0; g < x.length; g++) {
    const off = logs[g]!.mean - Math.log1p(r * x[g]!) - mean;
    const steep = steepness(x[g]!) - average;
    slope += logs[g]!.count * off * steep;
    curvature += logs[g]!.count * steep * steep;
  }
  return curvature > 0 ? slope / curvature : 0;
}

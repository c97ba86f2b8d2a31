/** Which law of growth a set of measurements follows. */

import { intervalOf, resampleReplicates } from "./bootstrap.js";
import { fisherTail } from "./distributions.js";
import { maxOf, minOf } from "./extent.js";
import { type FittedLaw, GROWTH, LAWS, type Line, lawAt } from "./law.js";
import { median, quantileSorted } from "./quantile.js";

/** A law is preferred to a simpler one only when it beats it by this much: Burnham & Anderson's "considerably less support". */
const MIN_GAIN = 4;
/** Where even the best law is off by more than replicates explain, at this level, it is the laws that are wrong. */
const LACK_OF_FIT = 0.01;
/** A law that is further off than this somewhere does not describe the groups. */
const MAX_DEVIATION = 0.25;
const MIN_POINTS_TO_CORRECT = 6;
/** Relative errors below this say nothing: exact data would have infinite likelihood. */
const MIN_ERROR = 1e-6;

/** Measurements of one N: a value a replicate, all positive. */
export interface Group {
  readonly n: number;
  readonly values: ArrayLike<number>;
}

export interface Fitted extends FittedLaw {
  /** Share of resamples that chose the same law. */
  readonly support: number;
  /** 95 % intervals; null for a constant. */
  readonly slopeInterval: [number, number] | null;
  /** null for a constant, and where the law does not describe the groups: no power of N would either. */
  readonly exponent: { readonly value: number; readonly interval: [number, number] } | null;
  /** Largest |law - median| / median over the groups. */
  readonly worstDeviation: number;
  /** Whether the law is nowhere off by more than a quarter. */
  readonly describes: boolean;
}

/**
 * Fits `a + b · f(N)` for each law, with a > 0 and b >= 0, by least squares of ln y (errors are relative), and
 * chooses by AICc (Hurvich & Tsai, Biometrika 76, 1989): n ln(RSS/n) + 2k + 2k(k+1)/(n-k-1), where k counts the variance.
 * A law that grows must beat the constant by 4, and N log N must beat N by 4 and describe the groups.
 *
 * Logarithms, because weights 1/y² are no substitute where a law is far off: a value far above the law then errs by 1 at
 * most, so three flat N outvoted a growth by 1,667 and the law was "1". In logarithms that growth errs by ln 1,667.
 *
 * n counts replicates as long as these explain the distance from the law. Where caches bend a curve, they don't (F test
 * for lack of fit; Draper & Smith, Applied Regression Analysis, section 2.1): seven replicates of one N then all err to
 * the same side, and count as one. Without this, a slight bend turned iptables' O(N) into O(N log N). Needs two groups.
 */
export function chooseLaw(groups: readonly Group[]): FittedLaw {
  const points = groups.reduce((sum, { values }) => sum + values.length, 0);
  const logs = logsOf(groups);
  const byReplicate = fitAll(logs);
  const best = minOf(byReplicate.map(({ rss }) => rss));
  const pure = logs.reduce((sum, { within }) => sum + within, 0);
  if (!lacksFit(best, pure, groups.length, points)) {
    return chooseByAicc(byReplicate, points, groups);
  }
  const byMedian = chooseByAicc(fitAll(logsOf(groups.map(middleOf))), groups.length, groups);
  // A law that grows through the medians may fall through all values, where low outliers pull it down: then it is no fit there.
  const { law, intercept, slope } = byReplicate.find((fit) => fit.law === byMedian.law) ?? byMedian;
  return { law, intercept, slope };
}

interface Candidate extends FittedLaw {
  /** Residual sum of squares of ln y. */
  readonly rss: number;
}

/** The constant, and each law that grows at all. */
function fitAll(logs: readonly Logs[]): Candidate[] {
  return LAWS.map((law) => ({ law, ...fitLogs(logs, GROWTH[law]) })).filter(
    ({ law, slope }) => law === "1" || slope > 0,
  );
}

/** The law with the least AICc: if it grows it must beat the constant by MIN_GAIN, and N log N must so beat N. */
function chooseByAicc(fits: readonly Candidate[], n: number, groups: readonly Group[]): FittedLaw {
  const scored = fits.map((fit) => ({ ...fit, aicc: aicc(fit.rss, n, fit.law === "1" ? 2 : 3) }));
  const least = scored.reduce((best, fit) => (fit.aicc < best.aicc ? fit : best));
  // Over any measured range N and N log N differ by a few per cent: the simpler one is kept as long as it can be. Where
  // caches bend a line far beyond both, the steeper one is nearer and no truer.
  const linear = scored.find((fit) => fit.law === "N");
  const keepsLinear =
    least.law === "N log N" &&
    linear !== undefined &&
    (linear.aicc - least.aicc < MIN_GAIN || worstDeviation(groups, least) > MAX_DEVIATION);
  const best = keepsLinear ? linear : least;
  const constant = scored[0]!;
  const { law, intercept, slope } = constant.aicc - best.aicc >= MIN_GAIN ? best : constant;
  return { law, intercept, slope };
}

/** Whether a residual sum of squares is larger than the scatter within groups explains. */
function lacksFit(rss: number, pure: number, groups: number, points: number): boolean {
  if (groups < 3 || points <= groups || pure === 0) return false;
  const f = (rss - pure) / (groups - 2) / (pure / (points - groups));
  return fisherTail(f, groups - 2, points - groups) < LACK_OF_FIT;
}

/** A group in logarithms: what is within it depends on no law. */
interface Logs {
  readonly n: number;
  readonly count: number;
  readonly mean: number;
  readonly within: number;
}

function logsOf(groups: readonly Group[]): Logs[] {
  return groups.map(({ n, values }) => {
    const logs = Float64Array.from(values, Math.log);
    const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    return { n, count: logs.length, mean, within: logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) };
  });
}

function middleOf({ n, values }: Group): Group {
  return { n, values: [median(Array.from(values))] };
}

/** `chooseLaw`, bootstrapped over the values of each group; where each has one, which is exact, nothing is resampled. */
export function fitLaw(groups: readonly Group[], seed: number): Fitted {
  const chosen = chooseLaw(groups);
  if (groups.every((group) => group.values.length === 1)) return exactly(groups, chosen);
  const deviation = worstDeviation(groups, chosen);
  const describes = deviation <= MAX_DEVIATION;
  const values = groups.map((group) => Array.from(group.values));
  const slopes: number[] = [];
  const exponents: number[] = [];
  let same = 0;
  const resamples = resampleReplicates(values, seed, (drawn) => {
    const resampled = groups.map(({ n }, g) => ({ n, values: drawn[g]! }));
    if (chooseLaw(resampled).law === chosen.law) same++;
    if (chosen.law === "1") return;
    slopes.push(fitLogs(logsOf(resampled), GROWTH[chosen.law]).slope);
    if (describes) exponents.push(exponentOf(resampled));
  });
  const least = minOf(values.map(({ length }) => length));
  const interval = (estimates: readonly number[]): [number, number] =>
    intervalOf(Float64Array.from(estimates), 0.95, Math.max(2, least));
  const grows = chosen.law !== "1";
  return {
    ...chosen,
    support: same / resamples,
    slopeInterval: grows ? interval(slopes) : null,
    exponent: grows && describes ? { value: exponentOf(groups), interval: interval(exponents) } : null,
    worstDeviation: deviation,
    describes,
  };
}

function exactly(groups: readonly Group[], chosen: FittedLaw): Fitted {
  const grows = chosen.law !== "1";
  const deviation = worstDeviation(groups, chosen);
  const describes = deviation <= MAX_DEVIATION;
  const exponent = grows && describes ? exponentOf(groups) : null;
  return {
    ...chosen,
    support: 1,
    slopeInterval: grows ? [chosen.slope, chosen.slope] : null,
    exponent: exponent === null ? null : { value: exponent, interval: [exponent, exponent] },
    worstDeviation: deviation,
    describes,
  };
}

/** Largest distance of a law from the groups' medians, as a share of the median. */
export function worstDeviation(groups: readonly Group[], choice: FittedLaw): number {
  return maxOf(
    groups.map(({ n, values }) => {
      const middle = median(Array.from(values));
      return Math.abs(lawAt(choice, n) - middle) / middle;
    }),
  );
}

interface Points {
  readonly n: Float64Array;
  readonly y: Float64Array;
  readonly weight: Float64Array;
}

/** How much steeper each further try is, as a power of e, and below what growth over all N a law is a constant. */
const SCAN_STEP = 1;
const LEAST_GROWTH = 1e-4;
/** An intercept that is a smaller share of the least growing part than this is none. */
const LEAST_INTERCEPT = 1e-4;
const MAX_STEPS = 30;

/**
 * Least squares of ln y on ln(a + b · f(n)), a > 0 and b >= 0. With b = r · a that is ln a + ln(1 + r · f(n)), where ln a is
 * a mean: only ln r is searched, by a coarse scan and then Gauss-Newton steps, which make exact data exact. The slope
 * is 0 where any growth is a worse fit, or f does not vary.
 */
function fitLogs(logs: readonly Logs[], f: (n: number) => number): Line & { rss: number } {
  const x = Float64Array.from(logs, ({ n }) => f(n));
  const y = Float64Array.from(logs, ({ mean }) => mean);
  const weight = Float64Array.from(logs, ({ count }) => count);
  const total = weight.reduce((sum, count) => sum + count, 0);
  const within = logs.reduce((sum, log) => sum + log.within, 0);
  const error = new Float64Array(x.length);
  const gradient = new Float64Array(x.length);
  const at = (r: number) => {
    let mean = 0;
    let meanGradient = 0;
    for (let g = 0; g < x.length; g++) {
      const grown = r * x[g]!;
      error[g] = y[g]! - Math.log1p(grown);
      gradient[g] = grown / (1 + grown);
      mean += (weight[g]! * error[g]!) / total;
      meanGradient += (weight[g]! * gradient[g]!) / total;
    }
    let rss = within;
    let slope = 0;
    let curvature = 0;
    for (let g = 0; g < x.length; g++) {
      const off = error[g]! - mean;
      const steep = gradient[g]! - meanGradient;
      rss += weight[g]! * off * off;
      slope += weight[g]! * off * steep;
      curvature += weight[g]! * steep * steep;
    }
    return { r, rss, mean, step: curvature > 0 ? slope / curvature : 0 };
  };
  let best = at(0);
  const positive = x.filter((value) => value > 0);
  if (positive.length > 0) {
    const low = Math.log(LEAST_GROWTH / maxOf(positive));
    const high = -Math.log(LEAST_INTERCEPT * minOf(positive));
    for (let u = low; u <= high; u += SCAN_STEP) {
      const tried = at(Math.exp(u));
      if (tried.rss < best.rss) best = tried;
    }
    for (let i = 0; i < MAX_STEPS && best.r > 0; i++) {
      const step = Math.max(-SCAN_STEP, Math.min(SCAN_STEP, best.step));
      const next = at(Math.min(Math.exp(high), best.r * Math.exp(step)));
      if (!(next.rss < best.rss)) break;
      best = next;
    }
  }
  const intercept = Math.exp(best.mean);
  return { intercept, slope: intercept * best.r, rss: best.rss };
}

/** Weighted least squares of y on f(n); the slope is 0 where f does not vary. */
function fitGrowth({ n, y, weight }: Points, f: (n: number) => number): Line & { rss: number } {
  let w = 0;
  let wx = 0;
  let wy = 0;
  const x = Float64Array.from(n, f);
  for (let i = 0; i < x.length; i++) {
    w += weight[i]!;
    wx += weight[i]! * x[i]!;
    wy += weight[i]! * y[i]!;
  }
  const meanX = wx / w;
  const meanY = wy / w;
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    xx += weight[i]! * (x[i]! - meanX) ** 2;
    xy += weight[i]! * (x[i]! - meanX) * (y[i]! - meanY);
  }
  const slope = xx > 0 ? xy / xx : 0;
  const intercept = meanY - slope * meanX;
  let rss = 0;
  for (let i = 0; i < x.length; i++) rss += weight[i]! * (y[i]! - intercept - slope * x[i]!) ** 2;
  return { intercept, slope, rss };
}

/** AICc; plain AIC below six points, where the correction is infinite (four) or decides alone (five). */
function aicc(rss: number, n: number, k: number): number {
  const correction = n < MIN_POINTS_TO_CORRECT ? 0 : (2 * k * (k + 1)) / (n - k - 1);
  return n * Math.log(Math.max(rss / n, MIN_ERROR ** 2)) + 2 * k + correction;
}

const MIN_EXPONENT = 0.02;
const MAX_EXPONENT = 2;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The p of `a + b · N^p` with the least weighted squares, from 0.02 to 2: golden-section search (Kiefer 1953). Groups
 * enter by their means, weighted by their sizes: what is within them does not depend on p.
 */
export function exponentOf(groups: readonly Group[]): number {
  const points = {
    n: new Float64Array(groups.length),
    y: new Float64Array(groups.length),
    weight: new Float64Array(groups.length),
  };
  for (const [g, { n, values }] of groups.entries()) {
    const all = Float64Array.from(values).sort();
    points.n[g] = n;
    points.y[g] = all.reduce((sum, value) => sum + value, 0) / all.length;
    points.weight[g] = all.length / quantileSorted(all, 0.5) ** 2;
  }
  const rss = (p: number) => fitGrowth(points, (n) => n ** p).rss;
  let low = MIN_EXPONENT;
  let high = MAX_EXPONENT;
  for (let i = 0; i < 24; i++) {
    const left = high - GOLDEN * (high - low);
    const right = low + GOLDEN * (high - low);
    if (rss(left) < rss(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}

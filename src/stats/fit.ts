/** Which law of growth a set of measurements follows. */

import { intervalOf, resampleReplicates } from "./bootstrap.js";
import { fisherTail } from "./distributions.js";
import { type Choice, GROWTH, LAWS, type Line, lawAt } from "./law.js";
import { median, quantileSorted } from "./quantile.js";

/** A law is preferred to a simpler one only when it beats it by this much: Burnham & Anderson's "considerably less support". */
const MIN_GAIN = 4;
/** Where even the best law is off by more than replicates explain, at this level, it is the laws that are wrong. */
const LACK_OF_FIT = 0.01;
const MIN_POINTS_TO_CORRECT = 6;
/** Relative errors below this say nothing: exact data would have infinite likelihood. */
const MIN_ERROR = 1e-6;

/** Measurements of one N: a value a replicate. */
export interface Group {
  readonly n: number;
  readonly values: ArrayLike<number>;
}

export interface Fitted extends Choice {
  /** Share of resamples that chose the same law. */
  readonly support: number;
  /** 95 % intervals; null for a constant. */
  readonly slopeInterval: [number, number] | null;
  readonly exponent: { readonly value: number; readonly interval: [number, number] } | null;
  /** Largest |law - median| / median over the groups. */
  readonly worstDeviation: number;
}

/**
 * Fits `a + b · f(N)` for each law, with weights 1/y² (errors are relative), y the median of a group, and b >= 0, and
 * chooses by AICc (Hurvich & Tsai, Biometrika 76, 1989): n ln(RSS/n) + 2k + 2k(k+1)/(n-k-1), where k counts the variance.
 * A law that grows must beat the constant by 4, and N log N must beat N by 4.
 *
 * n counts replicates as long as these explain the distance from the law. Where caches bend a curve, they don't (F test
 * for lack of fit; Draper & Smith, Applied Regression Analysis, section 2.1): seven replicates of one N then all err to
 * the same side, and count as one. Without this, a slight bend turned iptables' O(N) into O(N log N). Needs two groups.
 */
export function chooseLaw(groups: readonly Group[]): Choice {
  const points = weighted(groups);
  const byReplicate = fitAll(points);
  const best = Math.min(...byReplicate.map(({ rss }) => rss));
  if (!lacksFit(best, pureError(groups), groups.length, points.y.length)) {
    return chooseByAicc(byReplicate, points.y.length);
  }
  const byMedian = chooseByAicc(fitAll(weighted(groups.map(middleOf))), groups.length);
  // A law that grows through the medians may fall through all values, where low outliers pull it down: then it is no fit there.
  return byReplicate.find(({ law }) => law === byMedian.law) ?? byMedian;
}

function fitAll(points: Points): (Choice & { rss: number })[] {
  return LAWS.map((law) => ({ law, ...fitGrowth(points, GROWTH[law]) })).filter(({ slope }) => slope >= 0);
}

/** The law with the least AICc: if it grows it must beat the constant by MIN_GAIN, and N log N must so beat N. */
function chooseByAicc(fits: readonly (Choice & { rss: number })[], n: number): Choice {
  const scored = fits.map((fit) => ({ ...fit, aicc: aicc(fit.rss, n, fit.law === "1" ? 2 : 3) }));
  const least = scored.reduce((best, fit) => (fit.aicc < best.aicc ? fit : best));
  // Over any measured range N and N log N differ by a few per cent: the simpler one is kept as long as it can be.
  const linear = scored.find((fit) => fit.law === "N");
  const best = least.law === "N log N" && linear && linear.aicc - least.aicc < MIN_GAIN ? linear : least;
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

/** Weighted squares within groups. */
function pureError(groups: readonly Group[]): number {
  let sum = 0;
  for (const { values } of groups) {
    const all = Array.from(values);
    const mean = all.reduce((total, value) => total + value, 0) / all.length;
    const middle = median(all);
    for (const value of all) sum += ((value - mean) / middle) ** 2;
  }
  return sum;
}

function middleOf({ n, values }: Group): Group {
  return { n, values: [median(Array.from(values))] };
}

/** `chooseLaw`, bootstrapped over the values of each group; where each has one, which is exact, nothing is resampled. */
export function fitLaw(groups: readonly Group[], seed: number): Fitted {
  const chosen = chooseLaw(groups);
  if (groups.every((group) => group.values.length === 1)) return exactly(groups, chosen);
  const values = groups.map((group) => Array.from(group.values));
  const slopes: number[] = [];
  const exponents: number[] = [];
  let same = 0;
  const resamples = resampleReplicates(values, seed, (drawn) => {
    const resampled = groups.map(({ n }, g) => ({ n, values: drawn[g]! }));
    if (chooseLaw(resampled).law === chosen.law) same++;
    if (chosen.law === "1") return;
    slopes.push(fitGrowth(weighted(resampled), GROWTH[chosen.law]).slope);
    exponents.push(exponentOf(resampled));
  });
  const least = Math.min(...values.map(({ length }) => length));
  const interval = (estimates: readonly number[]): [number, number] =>
    intervalOf(Float64Array.from(estimates), 0.95, Math.max(2, least));
  const grows = chosen.law !== "1";
  return {
    ...chosen,
    support: same / resamples,
    slopeInterval: grows ? interval(slopes) : null,
    exponent: grows ? { value: exponentOf(groups), interval: interval(exponents) } : null,
    worstDeviation: worstDeviation(groups, chosen),
  };
}

function exactly(groups: readonly Group[], chosen: Choice): Fitted {
  const grows = chosen.law !== "1";
  const exponent = grows ? exponentOf(groups) : 0;
  return {
    ...chosen,
    support: 1,
    slopeInterval: grows ? [chosen.slope, chosen.slope] : null,
    exponent: grows ? { value: exponent, interval: [exponent, exponent] } : null,
    worstDeviation: worstDeviation(groups, chosen),
  };
}

/** Largest distance of a law from the groups' medians, as a share of the median. */
export function worstDeviation(groups: readonly Group[], choice: Choice): number {
  return Math.max(
    ...groups.map(({ n, values }) => {
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

function weighted(groups: readonly Group[]): Points {
  const total = groups.reduce((sum, { values }) => sum + values.length, 0);
  const points = { n: new Float64Array(total), y: new Float64Array(total), weight: new Float64Array(total) };
  let at = 0;
  for (const { n, values } of groups) {
    const weight = 1 / quantileSorted(Float64Array.from(values).sort(), 0.5) ** 2;
    for (let i = 0; i < values.length; i++) {
      points.n[at] = n;
      points.y[at] = values[i]!;
      points.weight[at++] = weight;
    }
  }
  return points;
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

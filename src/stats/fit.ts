/** Which law of growth a set of measurements follows. */

import { intervalOf, resampleReplicates } from "./bootstrap.js";
import { fisherTail } from "./distributions.js";
import { maxOf, minOf } from "./extent.js";
import { type FittedLaw, GROWTH, LAWS, type Law, lawAt } from "./law.js";
import { type Group, type LogFitter, type Logs, logFitter, logsOf } from "./log-fit.js";
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
  return choose(groups, logsOf(groups), fittersFor(groups));
}

/** A fitter per law. They depend on the groups' N alone, so resamples share them. */
type Fitters = Readonly<Record<Law, LogFitter>>;

function fittersFor(groups: readonly Group[]): Fitters {
  const fitterOf = (law: Law) => logFitter(groups.map(({ n }) => GROWTH[law](n)));
  return { "1": fitterOf("1"), "log N": fitterOf("log N"), N: fitterOf("N"), "N log N": fitterOf("N log N") };
}

function choose(groups: readonly Group[], logs: Logs, fitters: Fitters): FittedLaw {
  const points = logs.total;
  const byReplicate = fitAll(logs, fitters);
  const best = minOf(byReplicate.map(({ rss }) => rss));
  if (!lacksFit(best, logs.within, groups.length, points)) {
    return chooseByAicc(byReplicate, points, groups);
  }
  const byMedian = chooseByAicc(fitAll(logsOf(groups.map(middleOf)), fitters), groups.length, groups);
  // A law that grows through the medians may fall through all values, where low outliers pull it down: then it is no fit there.
  const { law, intercept, slope } = byReplicate.find((fit) => fit.law === byMedian.law) ?? byMedian;
  return { law, intercept, slope };
}

interface Candidate extends FittedLaw {
  /** Residual sum of squares of ln y. */
  readonly rss: number;
}

/** The constant, and each law that grows at all. */
function fitAll(logs: Logs, fitters: Fitters): Candidate[] {
  return LAWS.map((law) => ({ law, ...fitters[law](logs) })).filter(
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

function middleOf({ n, values }: Group): Group {
  return { n, values: [median(Array.from(values))] };
}

/** `chooseLaw`, bootstrapped over the values of each group; where these are all the same, as counts are, nothing is resampled. */
export function fitLaw(groups: readonly Group[], seed: number): Fitted {
  const fitters = fittersFor(groups);
  const chosen = choose(groups, logsOf(groups), fitters);
  if (groups.every(({ values }) => isConstant(values))) return exactly(groups, chosen);
  const deviation = worstDeviation(groups, chosen);
  const describes = deviation <= MAX_DEVIATION;
  const values = groups.map((group) => Array.from(group.values));
  const slopes: number[] = [];
  const exponents: number[] = [];
  let same = 0;
  const resamples = resampleReplicates(values, seed, (drawn) => {
    const resampled = groups.map(({ n }, g) => ({ n, values: drawn[g]! }));
    const logs = logsOf(resampled);
    if (choose(resampled, logs, fitters).law === chosen.law) same++;
    if (chosen.law === "1") return;
    slopes.push(fitters[chosen.law](logs).slope);
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

function isConstant(values: ArrayLike<number>): boolean {
  return Array.from(values).every((value) => value === values[0]);
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

/** Means of groups, centred: what a + b · N^p leaves of them depends on p alone. */
interface Points {
  readonly logN: Float64Array;
  /** Off the weighted mean of all. */
  readonly y: Float64Array;
  /** Shares of the whole. */
  readonly weight: Float64Array;
  /** Room for N^p. */
  readonly x: Float64Array;
}

/** The weighted squares that `a + b · N^p` leaves, with the a and b that leave the least. */
function squaresOfPower({ logN, y, weight, x }: Points, p: number): number {
  let mean = 0;
  for (let i = 0; i < x.length; i++) {
    x[i] = Math.exp(p * logN[i]!);
    mean += weight[i]! * x[i]!;
  }
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    const off = x[i]! - mean;
    xx += weight[i]! * off * off;
    xy += weight[i]! * off * y[i]!;
  }
  const slope = xx > 0 ? xy / xx : 0;
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += weight[i]! * (y[i]! - slope * (x[i]! - mean)) ** 2;
  return squares;
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
  const points: Points = {
    logN: Float64Array.from(groups, ({ n }) => Math.log(n)),
    y: new Float64Array(groups.length),
    weight: new Float64Array(groups.length),
    x: new Float64Array(groups.length),
  };
  let weights = 0;
  let mean = 0;
  for (const [g, { values }] of groups.entries()) {
    const all = Float64Array.from(values).sort();
    points.y[g] = all.reduce((sum, value) => sum + value, 0) / all.length;
    points.weight[g] = all.length / quantileSorted(all, 0.5) ** 2;
    weights += points.weight[g]!;
    mean += points.weight[g]! * points.y[g]!;
  }
  mean /= weights;
  for (let g = 0; g < groups.length; g++) {
    points.y[g]! -= mean;
    points.weight[g]! /= weights;
  }
  const rss = (p: number) => squaresOfPower(points, p);
  let low = MIN_EXPONENT;
  let high = MAX_EXPONENT;
  let left = high - GOLDEN * (high - low);
  let right = low + GOLDEN * (high - low);
  let atLeft = rss(left);
  let atRight = rss(right);
  for (let i = 0; i < 24; i++) {
    if (atLeft < atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - GOLDEN * (high - low);
      atLeft = rss(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + GOLDEN * (high - low);
      atRight = rss(right);
    }
  }
  return (low + high) / 2;
}

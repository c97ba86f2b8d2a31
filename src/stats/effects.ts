/** Combining effects that were measured several times, and testing several of them at once. */

import { studentQuantile, studentShare } from "./distributions.js";

/** A measured effect: its value and the variance of that value. */
export interface Effect {
  readonly value: number;
  readonly variance: number;
}

export interface Combined {
  readonly value: number;
  readonly standardError: number;
  readonly degreesOfFreedom: number;
  /** Variance between the true effects (tau squared). */
  readonly heterogeneity: number;
}

/**
 * The mean of effects that need not be equal (random effects): heterogeneity by DerSimonian & Laird (Controlled Clinical
 * Trials 7, 1986), standard error by Hartung & Knapp (Statistics in Medicine 20, 2001), never below the plain one
 * (Röver et al., BMC Medical Research Methodology 15, 2015), with k - 1 degrees of freedom. Needs two effects.
 */
export function combineEffects(effects: readonly Effect[]): Combined {
  const k = effects.length;
  const weights = effects.map(({ variance }) => 1 / variance);
  const total = sum(weights);
  const fixed = sum(effects.map(({ value }, i) => weights[i]! * value)) / total;
  const q = sum(effects.map(({ value }, i) => weights[i]! * (value - fixed) ** 2));
  const c = total - sum(weights.map((weight) => weight ** 2)) / total;
  const heterogeneity = Math.max(0, (q - (k - 1)) / c);

  const mixed = effects.map(({ variance }) => 1 / (variance + heterogeneity));
  const mixedTotal = sum(mixed);
  const value = sum(effects.map((effect, i) => mixed[i]! * effect.value)) / mixedTotal;
  const scale = sum(effects.map((effect, i) => mixed[i]! * (effect.value - value) ** 2)) / (k - 1);
  return {
    value,
    standardError: Math.sqrt(Math.max(1, scale) / mixedTotal),
    degreesOfFreedom: k - 1,
    heterogeneity,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** p that the true effect is at most `least` (one-sided t test). */
export function tailAbove(least: number, { value, standardError, degreesOfFreedom }: Combined): number {
  return 1 - studentShare((value - least) / standardError, degreesOfFreedom);
}

/** The effect that a test of "more than `least`" at level `alpha` finds with probability `power`. */
export function detectableEffect(
  least: number,
  { standardError, degreesOfFreedom }: Combined,
  alpha: number,
  power: number,
): number {
  const needed = studentQuantile(1 - alpha, degreesOfFreedom) + studentQuantile(power, degreesOfFreedom);
  return least + needed * standardError;
}

/**
 * p values adjusted for testing them together (Holm, Scandinavian Journal of Statistics 6, 1979), in their order. Throws
 * RangeError on what is no probability: one NaN would become the p of every other test.
 */
export function holm(ps: readonly number[]): number[] {
  const wrong = ps.find((p) => !(p >= 0 && p <= 1));
  if (wrong !== undefined) throw new RangeError(`no probability: ${wrong}`);
  const order = ps.map((_, i) => i).sort((a, b) => ps[a]! - ps[b]!);
  const adjusted = new Array<number>(ps.length).fill(1);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * ps[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}

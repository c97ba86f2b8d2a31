/** Where one growing curve overtakes another. */

import { intervalOf, resampleReplicates } from "./bootstrap.js";
import { minOf } from "./extent.js";
import { quantileSorted } from "./quantile.js";

/** Replicates of two subjects at the same N, ascending in N. */
export interface PairedReplicates {
  readonly n: number;
  readonly a: readonly number[];
  readonly b: readonly number[];
}

export interface Crossing {
  /** Number of services where they are equal. */
  readonly n: number;
  /** True where a is larger beyond n. */
  readonly aLarger: boolean;
}

/** Crossings are spoken of when at least this share of resamples has the same ones. */
const MIN_SUPPORT = 0.95;

/**
 * Where a - b crosses zero, straight between neighbouring N: exact where one grows with N and the other stays, as a rule
 * list and a table do. Touching is no crossing.
 */
export function crossingsOf(n: readonly number[], difference: ArrayLike<number>): Crossing[] {
  const found: Crossing[] = [];
  // The last point off zero: a run of equal values is crossed in its middle.
  let last = -1;
  for (let i = 0; i < n.length; i++) {
    if (difference[i] === 0) continue;
    if (last >= 0 && Math.sign(difference[i]!) !== Math.sign(difference[last]!)) {
      const share = difference[last]! / (difference[last]! - difference[i]!);
      found.push({ n: n[last]! + share * (n[i]! - n[last]!), aLarger: difference[i]! > 0 });
    }
    last = i;
  }
  return found;
}

/**
 * Crossings of the medians' curves with 95 % intervals by a bootstrap over replicates. Empty where there are none, and
 * where fewer than 95 % of resamples show the same crossings in the same directions: then it is not known.
 */
export function crossovers(
  pairs: readonly PairedReplicates[],
  seed: number,
): (Crossing & { interval: [number, number]; support: number })[] {
  const n = pairs.map((pair) => pair.n);
  const middle = (values: Float64Array) => quantileSorted(values.sort(), 0.5);
  const differences = (a: readonly Float64Array[], b: readonly Float64Array[]) =>
    a.map((values, i) => middle(values) - middle(b[i]!));
  const found = crossingsOf(
    n,
    differences(
      pairs.map(({ a }) => Float64Array.from(a)),
      pairs.map(({ b }) => Float64Array.from(b)),
    ),
  );
  if (found.length === 0) return [];
  const places = found.map((): number[] => []);
  let same = 0;
  const cells = pairs.flatMap(({ a, b }) => [a, b]);
  const resamples = resampleReplicates(cells, seed, (drawn) => {
    const at = crossingsOf(
      n,
      differences(
        drawn.filter((_, i) => i % 2 === 0),
        drawn.filter((_, i) => i % 2 === 1),
      ),
    );
    if (at.length !== found.length || at.some(({ aLarger }, i) => aLarger !== found[i]!.aLarger)) return;
    same++;
    for (const [i, crossing] of at.entries()) places[i]!.push(crossing.n);
  });
  const support = same / resamples;
  if (support < MIN_SUPPORT) return [];
  const replicates = minOf(cells.map(({ length }) => length));
  return found.map((crossing, i) => ({
    ...crossing,
    interval: intervalOf(Float64Array.from(places[i]!), 0.95, replicates),
    support,
  }));
}

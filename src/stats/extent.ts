/** The least and the most of many numbers: spread into Math.min, a list of 100,000 overflows the call stack. */

/** The least of some numbers; Infinity of none. */
export function minOf(values: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) least = Math.min(least, value);
  return least;
}

/** The most of some numbers; -Infinity of none. */
export function maxOf(values: Iterable<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) most = Math.max(most, value);
  return most;
}

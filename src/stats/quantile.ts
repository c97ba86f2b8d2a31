/** Quantiles of a sample. */

/**
 * The p-quantile (0 <= p <= 1) of values in ascending order: linear interpolation between order statistics, type 7 of
 * Hyndman & Fan 1996 (the default of R and NumPy). NaN for an empty sample. O(1).
 */
export function quantileSorted(sorted: ArrayLike<number>, p: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const lower = sorted[below]!;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return lower + (position - below) * (upper - lower);
}

/** Median of values in any order. NaN for an empty sample. O(n log n); the input is not changed. */
export function median(values: readonly number[]): number {
  return quantileSorted(Float64Array.from(values).sort(), 0.5);
}

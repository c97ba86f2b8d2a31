/** Fewer samples, where all of them would be too many to keep. */

/** Kept of each replicate. */
export const MAX_SAMPLES = 200;

/** At most 200 of the values, evenly spread over the order they were measured in. */
export function thin(values: readonly number[]): number[] {
  const step = Math.max(1, values.length / MAX_SAMPLES);
  const kept = Math.min(values.length, MAX_SAMPLES);
  return Array.from({ length: kept }, (_, i) => values[Math.floor(i * step)] ?? Number.NaN);
}

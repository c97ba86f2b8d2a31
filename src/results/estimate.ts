/** What the replicates of a cell say together. */

import { hierarchicalMedianInterval, replicatesFor } from "../stats/bootstrap.js";
import { maxOf, minOf } from "../stats/extent.js";
import { median } from "../stats/quantile.js";
import type { Estimate, Replicate } from "./schema.js";

/**
 * Median over replicates of their medians, with a bootstrap interval of `level`; the range of what was seen where there are
 * too few replicates for that level (six for 95 %): no interval of a median reaches it then. null without replicates.
 */
export function estimateCell(
  replicates: readonly Pick<Replicate, "median" | "samples">[],
  seed: number,
  level: number,
): Estimate | null {
  if (replicates.length === 0) return null;
  const medians = replicates.map((replicate) => replicate.median);
  if (replicates.length < replicatesFor(level)) {
    return { median: median(medians), interval: [minOf(medians), maxOf(medians)], kind: "range" };
  }
  return {
    median: median(medians),
    interval: hierarchicalMedianInterval(
      replicates.map((replicate) => replicate.samples),
      seed,
      level,
    ),
    kind: "ci95",
  };
}

/** Half the interval's width as a share of the median. */
export function halfWidthOf({ median, interval }: Pick<Estimate, "median" | "interval">): number {
  return (interval[1] - interval[0]) / 2 / median;
}

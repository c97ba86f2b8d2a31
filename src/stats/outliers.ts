/** Outliers by Tukey's fences. */

import { quantileSorted } from "./quantile.js";

export interface OutlierCounts {
  readonly lowSevere: number;
  readonly lowMild: number;
  readonly highMild: number;
  readonly highSevere: number;
}

/** Beyond the quartiles by 1.5 times their distance: mild; by 3 times: severe (Tukey, Exploratory Data Analysis, 1977, 2D). */
const MILD = 1.5;
const SEVERE = 3;

/** Classifies values in any order. Values on a fence are inside. */
export function countOutliers(values: readonly number[]): OutlierCounts {
  const sorted = Float64Array.from(values).sort();
  const low = quantileSorted(sorted, 0.25);
  const high = quantileSorted(sorted, 0.75);
  const spread = high - low;
  const counts = { lowSevere: 0, lowMild: 0, highMild: 0, highSevere: 0 };
  for (const value of sorted) {
    if (value < low - SEVERE * spread) counts.lowSevere++;
    else if (value < low - MILD * spread) counts.lowMild++;
    else if (value > high + SEVERE * spread) counts.highSevere++;
    else if (value > high + MILD * spread) counts.highMild++;
  }
  return counts;
}

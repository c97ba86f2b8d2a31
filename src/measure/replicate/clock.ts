/** The timer, and what reading it costs. */

import { hrtimeNow } from "tinybench";
import { median } from "../../stats/quantile.js";

/** Before V8 has compiled the loop a reading costs three times as much. */
const WARM_READINGS = 12_000;
const READINGS = 2000;

export const nowNs = (): number => hrtimeNow() * 1e6;

/** What the clock of a worker process can do. */
export interface Timer {
  /** Smallest step between two readings, nanoseconds; 0 where none was seen. */
  readonly resolutionNs: number;
  /** Median of what two readings in a row differ by: what timing nothing takes, nanoseconds. */
  readonly floorNs: number;
}

/** Reads the clock 14,000 times in pairs; only the last 2,000 pairs, of compiled code, count. */
export function measureTimer(): Timer {
  const differences = new Float64Array(WARM_READINGS + READINGS);
  for (let i = 0; i < differences.length; i++) {
    const first = nowNs();
    differences[i] = nowNs() - first;
  }
  const warm = Array.from(differences.subarray(WARM_READINGS));
  const steps = warm.filter((step) => step > 0);
  return { resolutionNs: steps.length > 0 ? Math.min(...steps) : 0, floorNs: median(warm) };
}

/** A comparison with a program that has not written all yet. */

import { setTimeout } from "node:timers/promises";
import type { Comparison } from "./differences.js";

/** Between two readings of what differs. */
const PAUSE_MS = 200;

/** The first reading without a difference, or else the last that began before `patienceMs` had passed. */
export async function compareUntilEqual(
  first: Comparison,
  readAgain: () => Promise<Comparison>,
  patienceMs: number,
): Promise<Comparison> {
  const until = performance.now() + patienceMs;
  let comparison = first;
  while (comparison.differences.length > 0 && performance.now() < until) {
    await setTimeout(PAUSE_MS);
    comparison = await readAgain();
  }
  return comparison;
}

/** Single packets: one operation between two readings of the clock, where the clock costs little compared with it. */

import { noWork } from "../../planes/plane.js";
import { median } from "../../stats/quantile.js";
import type { Subject } from "../scenario.js";
import { nowNs, type Timer } from "./clock.js";
import type { Singles } from "./measured.js";

/** Below this many timer floors the clock would be a twentieth or more of each time. */
const SINGLE_FLOORS = 20;
const MAX_SINGLES = 1000;
/** Fewer samples do not determine the tails. */
const MIN_SINGLES = 100;

/**
 * Times single operations for at most `budgetMs`, after the batches and on the same trace, in whole batches, because
 * each of those sees the whole cluster. null where the median of the batches is below 20 timer floors. Throws where a
 * decision differs from `explain`.
 */
export function timeSingles(
  subject: Subject,
  batch: number,
  samples: readonly number[],
  timer: Timer,
  budgetMs: number,
): Singles | null {
  const medianNs = median(samples);
  // Where a tick is longer than a reading, the tick is the floor.
  if (medianNs < SINGLE_FLOORS * Math.max(timer.floorNs, timer.resolutionNs)) return null;
  const affordable = Math.min(MAX_SINGLES, (budgetMs * 1e6) / medianNs);
  const blocks = Math.min(
    Math.max(1, Math.floor(affordable / batch)),
    Math.floor(subject.operations / batch),
  );
  const count = blocks * batch;
  if (count < MIN_SINGLES) return null;
  const ns = new Array<number>(count).fill(0);
  const decisions = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    if (at % batch === 0) subject.reset(at / batch);
    const started = nowNs();
    decisions[at] = subject.run(at, 1);
    ns[at] = Math.round(nowNs() - started);
  }
  return { ns, visited: check(subject, batch, decisions) };
}

function check(subject: Subject, batch: number, decisions: Int32Array): number[] {
  return Array.from(decisions, (decision, at) => {
    if (at % batch === 0) subject.reset(at / batch);
    const work = noWork();
    if (subject.explain(at, 1, work) !== decision) {
      throw new Error(`single operation ${at} decided differently from explain`);
    }
    return work.rulesVisited + work.hashProbes + work.stateProbes;
  });
}

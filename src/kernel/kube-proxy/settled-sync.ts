/** When kube-proxy has written changes that it received, by readings of its metrics. */

import type { FamilySync, SyncState } from "./metrics.js";

/** A sync that a change starts begins with it. Its duration counts what comes after its end too: clean-up of conntrack. */
const SLACK_SECONDS = 0.05;
/** A sync takes about as long as the one before it. */
const LONGER = 1.5;

/**
 * A sync that has begun but not ended does not show: nothing is pending any more, and the sync before it ended after the last
 * change came. So the one that ended last must have begun after that, or no other ends for longer than one takes.
 */
export class SettledSync {
  /** By family: the reading before, the time of the syncs that ended last, and when that was read. */
  readonly #families: { ended: FamilySync; seconds: number; readAtMs: number }[];
  readonly #isOneEvent: boolean;

  /**
   * @param before Read before the changes were made; nothing was pending.
   * @param events How many objects were changed: a sync that begins with the first may lack the others.
   */
  constructor(before: SyncState, events: number, nowMs: number) {
    this.#families = before.families.map((ended) => ({ ended, seconds: 0, readAtMs: nowMs }));
    this.#isOneEvent = events <= 1;
  }

  /** Whether everything that kube-proxy has received by this reading is in its rules. */
  isWritten(state: SyncState, nowMs: number): boolean {
    const areWritten = state.families.map((now, i) => {
      const family = this.#families[i];
      if (family === undefined) return false;
      if (now.syncs !== family.ended.syncs) {
        family.seconds = now.seconds - family.ended.seconds;
        family.readAtMs = nowMs;
        family.ended = now;
      }
      const beganLate = this.#isOneEvent && now.last - family.seconds >= now.queued - SLACK_SECONDS;
      return beganLate || nowMs - family.readAtMs >= LONGER * family.seconds * 1000;
    });
    return state.isSynced && areWritten.every(Boolean);
  }
}

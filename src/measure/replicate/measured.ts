/** What a worker process reports of one replicate: plain JSON, times in nanoseconds. */

import type { Timer } from "./clock.js";

/** Work of a mean operation, exact. */
export interface MeanWork {
  readonly rulesVisited: number;
  readonly mapLookups: number;
  readonly hashProbes: number;
  readonly entriesWritten: number;
  readonly stateProbes: number;
}

/** Single operations, each timed by itself. */
export interface Singles {
  /** Nanoseconds of one operation each, in measured order. */
  readonly ns: number[];
  /** Entries (rules and probes) that the same operation visits, exact. */
  readonly visited: number[];
}

/** What a child reports: plain JSON. Times in nanoseconds. */
export interface Measured {
  readonly batch: number;
  readonly samples: number[];
  readonly singles: Singles | null;
  readonly floorNs: number;
  readonly chaseNs: number;
  readonly timer: Timer;
  readonly checkedBatches: number;
  readonly collections: number;
  readonly heapBytesPerLookup: number;
  readonly buildMs: number;
  readonly peakRssBytes: number;
  readonly endpoints: number;
  readonly programBytes: number;
  readonly facts: Readonly<Record<string, number | string>>;
  readonly work: MeanWork;
}

/** What a child reports of a scenario that counts and does not time: the same in every process. */
export interface Counted {
  readonly counts: Readonly<Record<string, number>>;
  readonly endpoints: number;
  readonly programBytes: number;
  readonly facts: Readonly<Record<string, number | string>>;
}

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

/** What a worker process reports of a scenario that is timed. */
export interface Measured {
  /** Operations timed together. */
  readonly batch: number;
  /** Mean time of one operation in each batch, nanoseconds, in measured order. */
  readonly samples: number[];
  readonly singles: Singles | null;
  /** Timer overhead: the loop around an operation that does nothing, nanoseconds per operation. */
  readonly floorNs: number;
  /** One dependent load of a pointer chase: how fast this machine's memory was, nanoseconds. */
  readonly chaseNs: number;
  readonly timer: Timer;
  /** Batches whose checksum was compared with the one that `explain` computes. */
  readonly checkedBatches: number;
  /** Garbage collections while operations were timed. */
  readonly collections: number;
  readonly heapBytesPerOperation: number;
  readonly buildMs: number;
  readonly peakRssBytes: number;
  readonly endpoints: number;
  readonly programBytes: number;
  readonly facts: Readonly<Record<string, number | string>>;
  readonly work: MeanWork;
}

/** What a worker process reports of a scenario that counts and does not time: the same in every process. */
export interface Counted {
  readonly counts: Readonly<Record<string, number>>;
  readonly endpoints: number;
  readonly programBytes: number;
  readonly facts: Readonly<Record<string, number | string>>;
}

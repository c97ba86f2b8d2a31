import type { Measured } from "../../src/measure/replicate/measured.js";

/** What a process of a replicate sends: two samples of a lookup in a small table. */
export const MEASURED: Measured = {
  batch: 1,
  samples: [1, 2],
  singles: null,
  floorNs: 1,
  chaseNs: 80,
  timer: { resolutionNs: 1, floorNs: 40 },
  checkedBatches: 2,
  collections: 0,
  heapBytesPerOperation: 0,
  buildMs: 1,
  peakRssBytes: 1,
  endpoints: 4,
  programBytes: 1,
  facts: { buckets: 8, scheduler: "rr" },
  work: { rulesVisited: 1, mapLookups: 1, hashProbes: 1, entriesWritten: 0, stateProbes: 0 },
};

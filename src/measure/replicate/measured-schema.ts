/** Checks what a worker process reports of one replicate. Apart from its types, because the worker itself loads no zod. */

import { z } from "zod";
import type { Counted, Measured } from "./measured.js";

const about = {
  endpoints: z.number(),
  programBytes: z.number(),
  facts: z.record(z.string(), z.union([z.number(), z.string()])),
};

/** Of a scenario that is timed. */
export const measuredSchema: z.ZodType<Measured> = z.object({
  ...about,
  batch: z.number(),
  samples: z.array(z.number()).min(1),
  singles: z.object({ ns: z.array(z.number()), visited: z.array(z.number()) }).nullable(),
  floorNs: z.number(),
  chaseNs: z.number(),
  timer: z.object({ resolutionNs: z.number(), floorNs: z.number() }),
  checkedBatches: z.number(),
  collections: z.number(),
  heapBytesPerOperation: z.number(),
  buildMs: z.number(),
  peakRssBytes: z.number(),
  work: z.object({
    rulesVisited: z.number(),
    mapLookups: z.number(),
    hashProbes: z.number(),
    entriesWritten: z.number(),
    stateProbes: z.number(),
  }),
});

/** Of a scenario that counts and does not time. */
export const countedSchema: z.ZodType<Counted> = z.object({
  ...about,
  counts: z.record(z.string(), z.number()),
});

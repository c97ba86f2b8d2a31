/** Of results.json: what was measured of a plane, in a lane and scenario, at a number of services. */

import { z } from "zod";

/** Id of a lane of the engine (src/run/lanes/index.ts), which may know more of them than this version. */
export const lane = z.string().regex(/^[a-z][a-z0-9-]{0,29}$/);

/** A 95 % interval, or with fewer than six replicates the range of what was seen: [low, high]. */
export const interval = z.tuple([z.number(), z.number()]);

const work = z.object({
  rulesVisited: z.number(),
  mapLookups: z.number(),
  hashProbes: z.number(),
  /** In tables of connections: entries written, and elements compared. 0 for a lookup, which keeps none. */
  entriesWritten: z.number().default(0),
  stateProbes: z.number().default(0),
});

export const replicate = z.object({
  /** Position in the run's schedule, from 0: block times cells plus place in the block. */
  order: z.number().int(),
  block: z.number().int(),
  /** Which of a cluster's nodes, from 0; absent elsewhere, and in runs of before 0.3. */
  node: z.number().int().optional(),
  seed: z.number(),
  /** From starting the process to its end, milliseconds: what one more replicate would cost. */
  wallMs: z.number(),
  /** Lookups per sample (the batch size K). */
  batch: z.number().int(),
  /** Mean work of a lookup of this replicate's trace, counted by `explain`. */
  work,
  /** Nanoseconds per lookup of each timed batch, in measured order, capped. */
  samples: z.array(z.number()),
  /** Median of the samples, nanoseconds. */
  median: z.number(),
  /** Lookups timed one at a time, in measured order, with the entries (rules and probes) each visits, none of which
   * are known in a live cluster; null where the clock would be a twentieth of them or more. */
  singles: z.object({ ns: z.array(z.number()), visited: z.array(z.number()) }).nullable(),
  /** The empty lookup through the same path in the same process, before each batch, nanoseconds: the median. */
  floorNs: z.number(),
  /** What two readings of the clock in a row differ by, nanoseconds. */
  timerFloorNs: z.number(),
  /** A dependent pointer chase through 12 MB in the same process, nanoseconds a step, before and after the samples
   * (geometric mean): how fast memory was just then. */
  chaseNs: z.number(),
  /** Batches whose checksum equalled the one that `explain` computed. All of them, or the replicate is refused. */
  checkedBatches: z.number().int(),
  /** Garbage collections seen while samples were timed. */
  collections: z.number().int(),
  /** Heap growth per timed lookup, bytes. */
  heapBytesPerLookup: z.number(),
  buildMs: z.number(),
  peakRssBytes: z.number(),
});

export const estimate = z.object({
  /** Median over replicates of each replicate's median. */
  median: z.number(),
  /** 95 % bootstrap interval when `kind` is `ci95`; smallest and largest replicate median when it is `range`. */
  interval,
  kind: z.enum(["ci95", "range"]),
});

/** The same at the run's median speed of memory: moved along the slope of log time on log `chaseNs`. */
const adjusted = z.object({ median: z.number(), interval, slope: z.number() });

const percentile = z.object({ value: z.number(), interval });

/** Of lookups timed one at a time, over all replicates. */
export const percentiles = z.object({
  lookups: z.number().int(),
  p01: percentile,
  p50: percentile,
  p90: percentile,
  p99: percentile,
  /** null where fewer than five lookups lie beyond it. */
  p999: percentile.nullable(),
});

/**
 * The same percentiles as multiples of the baseline's, whose connections were interleaved with the plane's. What slows both down
 * by the same factor cancels; what adds the same time to both, as interrupts do, moves the ratio towards 1.
 */
export const relativeToBaseline = z.object({
  p50: percentile,
  p90: percentile,
  p99: percentile,
  p999: percentile.nullable(),
});

/** Samples by Tukey's fences, over all replicates: classified, never dropped. */
export const outliers = z.object({
  samples: z.number().int(),
  lowSevere: z.number().int(),
  lowMild: z.number().int(),
  highMild: z.number().int(),
  highSevere: z.number().int(),
});

/**
 * What became of a cell that its times don't say: a replicate `failed`; a `gap`: nothing was tried; a `note` of what only the
 * run itself saw.
 */
const outcome = z.object({ kind: z.enum(["failed", "gap", "note"]), reason: z.string() });

/** Why no more replicates of a cell were measured. */
const stopped = z.object({
  replicates: z.number().int(),
  /** Half the interval over the median, at that look. */
  halfWidth: z.number(),
  /** `exact`: it was counted, and is the same in every process. */
  reason: z.enum(["precise", "budget", "exact"]),
});

export const cell = z.object({
  plane: z.string(),
  lane,
  scenario: z.string(),
  services: z.number().int(),
  /** What the scenario varies in addition to N and E, e.g. `affinity`; empty where it varies nothing. */
  variant: z.string().default(""),
  /** Endpoints of a service-port; the mean where they differ. */
  endpoints: z.number(),
  unit: z.literal("ns"),
  replicates: z.array(replicate),
  /**
   * Takes that were measured again because their empty loop says that another tenant used the core (measure/attempts.ts): for
   * the record, and in no estimate.
   */
  disturbed: z
    .array(z.object({ block: z.number().int(), wallMs: z.number(), median: z.number(), floorNs: z.number() }))
    .default([]),
  /** null: nothing could be measured; `warnings` says why. */
  estimate: estimate.nullable(),
  /** null below six replicates, and where the program fits a core's own caches. */
  adjusted: adjusted.nullable(),
  percentiles: percentiles.nullable(),
  /** Absent: nothing was interleaved with the plane, too few rounds or connections, or a run of before 0.3. */
  relativeToBaseline: relativeToBaseline.optional(),
  /** Why there are no percentiles; null where there are. */
  percentilesReason: z.string().nullable(),
  outliers: outliers.nullable(),
  /** Replicates whose samples changed level while they were timed (Pettitt's test and a shift of 5 % or more). */
  unsteady: z.number().int(),
  /** null: measured to the end, or not yet. */
  stopped: stopped.nullable(),
  /** The last look of sequential stopping that has decided about this cell; 0: none. */
  lookedAt: z.number().int().default(0),
  /** Exact counts by name, of scenarios that time nothing. */
  counts: z.record(z.string(), z.number()).nullable().default(null),
  /** Mean over replicates. */
  work: work.nullable(),
  /** Memory of the program as the kernel would spend it, and what the lookups of one batch touch of it. */
  programBytes: z.number().nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Absent: nothing, or a run of before 0.3, whose `warnings` say it (src/results/runs/outcomes.ts). */
  outcomes: z.array(outcome).optional(),
  /** Sentences to read: of the outcomes, and of what is concluded from the replicates. */
  warnings: z.array(z.string()),
});

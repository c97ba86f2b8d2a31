/**
 * The shape of results.json, schema version 1. Readers ignore fields they do not know; writers never change the
 * meaning of one that exists. Everything a chart or a finding says comes from here.
 */

import { z } from "zod";

export const SCHEMA_VERSION = 1;

/** IPVS schedulers that can be measured. */
export const IPVS_SCHEDULERS = ["rr", "wrr", "lc", "wlc", "sh", "dh", "sed", "nq", "mh"] as const;

/** A 95 % interval, or with fewer than six replicates the range of what was seen: [low, high]. */
const interval = z.tuple([z.number(), z.number()]);

const replicate = z.object({
  /** Position in the run's schedule, from 0: block times cells plus place in the block. */
  order: z.number().int(),
  block: z.number().int(),
  seed: z.number(),
  /** Lookups per sample (the batch size K). */
  batch: z.number().int(),
  /** Nanoseconds per lookup of each timed batch, in measured order, capped. */
  samples: z.array(z.number()),
  /** Median of the samples, nanoseconds. */
  median: z.number(),
  /** The empty lookup through the same path in the same process, nanoseconds. */
  floorNs: z.number(),
  /** A dependent pointer chase through 12 MB in the same process, nanoseconds a step: how fast memory was just then. */
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

const work = z.object({
  rulesVisited: z.number(),
  mapLookups: z.number(),
  hashProbes: z.number(),
});

const estimate = z.object({
  /** Median over replicates of each replicate's median. */
  median: z.number(),
  /** 95 % bootstrap interval when `kind` is `ci95`; smallest and largest replicate median when it is `range`. */
  interval,
  kind: z.enum(["ci95", "range"]),
});

const cell = z.object({
  plane: z.string(),
  lane: z.enum(["model", "kernel"]),
  scenario: z.string(),
  services: z.number().int(),
  /** Endpoints of a service-port; the mean where they differ. */
  endpoints: z.number(),
  unit: z.literal("ns"),
  replicates: z.array(replicate),
  /** null: nothing could be measured; `warnings` says why. */
  estimate: estimate.nullable(),
  percentiles: z.record(z.string(), z.number()).nullable(),
  /** Mean exact work of a lookup, from `explain`. */
  work: work.nullable(),
  /** Memory of the program as the kernel would spend it, and what the lookups of one batch touch of it. */
  programBytes: z.number().nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
  warnings: z.array(z.string()),
});

const finding = z.object({
  id: z.string(),
  /** At most ten words: fit for a chart's title. */
  headline: z.string(),
  sentence: z.string(),
  /** The cells it rests on, as `plane/scenario/services`. */
  cells: z.array(z.string()),
  value: z.number(),
  interval,
});

const environment = z.object({
  cpu: z.string(),
  cores: z.number().int(),
  /** Bytes per cache level as the system reports them, e.g. { L1d: 32768, L2: 1048576, L3: 33554432 }. */
  caches: z.record(z.string(), z.number()),
  memoryBytes: z.number(),
  os: z.string(),
  kernel: z.string(),
  architecture: z.string(),
  virtualisation: z.string(),
  governor: z.string(),
  pinnedCpu: z.number().int().nullable(),
  node: z.string(),
  v8: z.string(),
  execArgv: z.array(z.string()),
  packages: z.record(z.string(), z.string()),
  gitCommit: z.string().nullable(),
  loadBefore: z.array(z.number()),
  loadAfter: z.array(z.number()),
  /** Smallest step of the timer that was seen, nanoseconds. */
  timerResolutionNs: z.number(),
});

export const resultsSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  tool: z.object({ name: z.literal("lbscale"), version: z.string() }),
  run: z.object({
    id: z.string(),
    startedAt: z.string(),
    finishedAt: z.string().nullable(),
    profile: z.string(),
    seed: z.number(),
    /** The command that repeats this run, without paths. */
    command: z.string(),
    complete: z.boolean(),
    /** How flows enter: at cluster addresses, or at the node's address and a NodePort. */
    entry: z.enum(["clusterIp", "nodePort"]),
    replicates: z.number().int(),
    /** What else decides a replicate, so that a run can be resumed and repeated. */
    settings: z.object({
      endpointsPerService: z.number(),
      zipf: z.number(),
      misses: z.number(),
      warmupMs: z.number(),
      measureMs: z.number(),
      /** Options of planes: scheduler, tables, map sizes. */
      planes: z.object({
        ipvsScheduler: z.enum(IPVS_SCHEDULERS),
        ipvsServiceTable: z.enum(["fixed", "resizable"]),
        ebpfMapEntries: z.number().int().optional(),
        maglevTableSize: z.number().int().optional(),
      }),
    }),
    /** The cells of each block in the order they were run: indices into `cells`. */
    schedule: z.array(z.array(z.number().int())),
  }),
  environment,
  cluster: z.object({
    source: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    /** SHA-256 over the cluster's bytes, by number of services. */
    digests: z.record(z.string(), z.string()),
  }),
  /** Equal decisions first: the certificate from before anything was timed. */
  equivalence: z.object({
    services: z.number().int(),
    flows: z.number().int(),
    planes: z.array(z.string()),
    disagreements: z.number().int(),
    /** Documented differences between planes that were seen, by name. */
    documented: z.record(z.string(), z.number()),
  }),
  cells: z.array(cell),
  fits: z.array(z.unknown()),
  crossovers: z.array(z.unknown()),
  findings: z.array(finding),
});

export type Results = z.infer<typeof resultsSchema>;
export type Cell = z.infer<typeof cell>;
export type Replicate = z.infer<typeof replicate>;
export type Estimate = z.infer<typeof estimate>;
export type Finding = z.infer<typeof finding>;
export type Environment = z.infer<typeof environment>;

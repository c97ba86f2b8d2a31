/**
 * The shape of results.json, schema version 1. Readers ignore fields they do not know; writers never change the
 * meaning of one that exists. Everything a chart or a finding says comes from here.
 */

import { z } from "zod";
import { LANE_IDS } from "./runs/lane-ids.js";

export const SCHEMA_VERSION = 1;

const lane = z.enum(LANE_IDS);

/** A 95 % interval, or with fewer than six replicates the range of what was seen: [low, high]. */
const interval = z.tuple([z.number(), z.number()]);

const work = z.object({
  rulesVisited: z.number(),
  mapLookups: z.number(),
  hashProbes: z.number(),
  /** In tables of connections: entries written, and elements compared. 0 for a lookup, which keeps none. */
  entriesWritten: z.number().default(0),
  stateProbes: z.number().default(0),
});

const replicate = z.object({
  /** Position in the run's schedule, from 0: block times cells plus place in the block. */
  order: z.number().int(),
  block: z.number().int(),
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

const estimate = z.object({
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
const percentiles = z.object({
  lookups: z.number().int(),
  p01: percentile,
  p50: percentile,
  p90: percentile,
  p99: percentile,
  /** null where fewer than five lookups lie beyond it. */
  p999: percentile.nullable(),
});

/** Samples by Tukey's fences, over all replicates: classified, never dropped. */
const outliers = z.object({
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

const cell = z.object({
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

/** d ln(time) / d ln(N) from one number of services to another: 0 is flat, 1 is proportional to N; see stats/exponent.ts. */
const localExponent = z.object({ from: z.number().int(), to: z.number().int(), value: z.number(), interval });

/** `a + b · f(N)` fitted to replicates; see stats/fit.ts. */
const fit = z.object({
  plane: z.string(),
  lane,
  scenario: z.string(),
  variant: z.string().default(""),
  /** `time`: nanoseconds. Counts: `steps`, what the plane's program does by design (rules visited and map
   * lookups); `probes`, the hash entries that these lookups visit, which depends on how full tables are. */
  quantity: z.enum(["time", "steps", "probes"]),
  law: z.enum(["1", "log N", "N", "N log N"]),
  /** Share of bootstrap resamples that chose the same law. */
  support: z.number(),
  intercept: z.number(),
  /** Per unit of f(N). null for a constant. */
  slope: z.object({ value: z.number(), interval }).nullable(),
  /** p of `a + b · N^p`. null for a constant, and where the law does not describe the cells. */
  exponent: z.object({ value: z.number(), interval }).nullable(),
  /** Largest distance between the law and a cell's median, as a share of that median: a law that is far off somewhere
   * is only the least wrong one. */
  worstDeviation: z.number(),
  /** Whether the law describes the cells: no deviation beyond 25 %. */
  describes: z.boolean(),
  /** Whether the cells have the replicates that it takes to determine a law of time (six); counts are exact. */
  determined: z.boolean().default(true),
  /** Of time: the exponent over the last decade of N. null: counts, not determined, or a run of before 0.2. */
  lastDecade: localExponent.nullable().default(null),
  /** Of time: the stretch between neighbouring N where it grows most steeply. null as `lastDecade` is. */
  steepest: localExponent.nullable().default(null),
  services: z.array(z.number().int()),
});

const crossover = z.object({
  lane,
  scenario: z.string(),
  variant: z.string().default(""),
  /** The plane that is faster beyond `services`, and the one it overtakes there. */
  faster: z.string(),
  slower: z.string(),
  services: z.number(),
  interval,
  /** Share of resamples with these crossings and no others. */
  support: z.number(),
});

/** Does when a cell was measured matter? Spearman's rank correlation with log(replicate / its cell's median). */
const orderEffect = z.object({
  /** Against the place within a block. */
  place: z.object({ rho: z.number(), p: z.number() }),
  /** Against the order over the whole run: drift of the machine. */
  drift: z.object({ rho: z.number(), p: z.number() }),
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
  /** `on`, `off` or `unknown`. */
  turbo: z.string(),
  smt: z.string(),
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
  /** Share of the processors' time that the hypervisor gave to others, in the worst session of a run that was resumed;
   * null where it is unknown. */
  stealShare: z.number().nullable(),
  /** What makes this machine unfit for measuring, in words that say what to do. */
  unfit: z.array(z.string()),
});

const colour = z.string().regex(/^#[0-9A-Fa-f]{6}$/);

/** How a plane is shown and what is said about it: what it says about itself (src/planes/descriptor.ts). */
const planeReport = z.object({
  label: z.string(),
  shortLabel: z.string(),
  columnLabel: z.string(),
  colours: z.object({ light: colour, lightLabel: colour, dark: colour, lightColumn: colour.optional() }),
  marker: z.enum(["circle", "triangle", "rect", "rectRot", "crossRot", "star", "cross"]),
  /** Place in columns and legends, ascending from the left. */
  order: z.number(),
  role: z.enum(["proxy", "baseline"]),
  structure: z.enum(["list", "hash", "buckets", "trie", "none"]),
  /** Findings that may name it as their subject; see src/results/descriptors.ts. */
  claims: z.array(z.string()),
  /** Whether the model counts the bytes that it takes in the kernel. */
  memoryModelled: z.boolean(),
  /** Where flows enter this plane, if not where the run's others do: its clients are then outside the cluster. */
  entry: z.literal("loadBalancer").optional(),
  /** Tables of fixed size as they are installed, and what a Service of one port and a cluster IP takes of each. */
  stockMaps: z
    .array(
      z.object({
        what: z.string(),
        most: z.number().positive(),
        perService: z.number().nonnegative(),
        perEndpoint: z.number().nonnegative(),
        /** The option of planes that makes it larger; null: nothing does. */
        option: z.string().nullable(),
      }),
    )
    .readonly()
    .optional(),
});

/** What a scenario says about itself (src/measure/scenario.ts). */
const scenarioReport = z.object({
  label: z.string(),
  question: z.string(),
  /** Of its cells: nanoseconds of one operation, or exact counts. */
  unit: z.enum(["ns", "counts"]),
  /** What its x axis counts. */
  axis: z.enum(["services", "endpoints"]),
  /** Whether its packets walk a rule list, wherever their service is in it. */
  positionMatters: z.boolean(),
  /** What is timed, by lane or `lane/variant`; `{entry}` is where flows enter. */
  captions: z.record(z.string(), z.string()),
  /** Its own chart, where no other shows it. */
  chart: z.object({ title: z.string(), neutralTitle: z.string() }).optional(),
});

/** The zod schema of results.json; unknown fields are ignored. */
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
    /** Fresh processes per cell: at least, and at most where the interval is wide. */
    replicates: z.object({ least: z.number().int(), most: z.number().int() }),
    /** Sequential stopping (measure/stopping.ts): intervals are looked at after each of these numbers of replicates. */
    looks: z.array(z.number().int()),
    /** A cell stops when half its interval is at most this share of its median. */
    targetHalfWidth: z.number(),
    /** Level of each cell's interval, so that all looks together hold at 95 %. */
    level: z.number(),
    /** No replicate beyond the least begins that would end later than this, seconds of measuring; null: no limit. */
    budgetSeconds: z.number().nullable(),
    /** What its sessions have spent in measuring, milliseconds; absent in runs of before 0.3. */
    spentMs: z.number().optional(),
    /** What else decides a replicate, so that a run can be resumed and repeated. */
    settings: z.object({
      endpointsPerService: z.number(),
      zipf: z.number(),
      /** Where the popular services of a Zipf trace stand in a rule list. */
      popular: z.enum(["random", "first", "last"]).default("random"),
      misses: z.number(),
      /** Family of addresses, or a node that has both; absent: IPv4. */
      family: z.union([z.literal(6), z.literal("dual")]).optional(),
      warmupMs: z.number(),
      measureMs: z.number(),
      singlesMs: z.number(),
      /** A test hook, absent in honest runs: `plane` did this share of work more than it reports. */
      slowdown: z.object({ plane: z.string(), share: z.number() }).optional(),
      /** Options of planes by key: scheduler, tables, map sizes. */
      planes: z.record(z.string(), z.union([z.string(), z.number()])),
      /** Releases of kube-proxy whose rules were modelled, by plane, such as 1.37.2; absent in runs of before 0.2. */
      kubeProxy: z.record(z.string(), z.string()).optional(),
      /** Versions of nft that load those rules, by plane, such as 1.0.6; absent in runs of before 0.3. */
      nft: z.record(z.string(), z.string()).optional(),
      /** New connections per round; absent in the model lane, and in runs of the kernel's lanes before 0.2. */
      connections: z.number().int().optional(),
      /** Of the kernel's lanes, as it was used; absent elsewhere, and in runs of before 0.3. */
      kernel: z
        .object({
          /** How often an endpoint joins and leaves in each cell of `update`. */
          updates: z.number().int(),
          /** Endpoints that change under a kube-proxy, over so many fresh starts of it, and of the rollout that follows. */
          changes: z.number().int(),
          starts: z.number().int(),
          rollout: z.number().int(),
          /** What the nft says of itself that was measured instead of the system's; absent: the system's. */
          nft: z.string().optional(),
          /** How often a new node's nftables rules are loaded; absent: an older run, which did not. */
          coldStarts: z.number().int().optional(),
          /** Time for one start and its changes, and for the whole run (null: as long as it takes), seconds. */
          cellSeconds: z.number(),
          runSeconds: z.number().nullable(),
        })
        .optional(),
    }),
    /** The cells of each block in the order they were run: indices into `cells`. */
    schedule: z.array(z.array(z.number().int())),
  }),
  environment,
  cluster: z.object({
    source: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    /** What the import of a cluster read, left out and assumed. */
    notes: z.array(z.string()).optional(),
    /** SHA-256 over the cluster's bytes, by what makes it: `1000` services, or `100x10 affinity`. */
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
  /** BPF lookups of known latency, timed as planes' are, and a walk through the same memory; absent: none were timed. */
  knownLatency: z
    .array(
      z.object({
        elements: z.number().int(),
        bytes: z.number().int(),
        kernelNs: z.number(),
        chaseNs: z.number(),
      }),
    )
    .optional(),
  /**
   * Planes by id, as they describe themselves. Absent in runs of before 0.2, which
   * src/results/fallback-descriptors.ts serves.
   */
  planes: z.record(z.string(), planeReport).optional(),
  /** Scenarios of this run by id. Absent as `planes` is. */
  scenarios: z.record(z.string(), scenarioReport).optional(),
  cells: z.array(cell),
  fits: z.array(fit),
  crossovers: z.array(crossover),
  /** null before a run has measured enough for a test. */
  orderEffect: orderEffect.nullable(),
  findings: z.array(finding),
});

/** A run as results.json holds it. */
export type Results = z.infer<typeof resultsSchema>;
/** A plane, lane, scenario and number of services of a run, with its replicates and what they say. */
export type Cell = z.infer<typeof cell>;
export type Replicate = z.infer<typeof replicate>;
export type Estimate = z.infer<typeof estimate>;
export type Fit = z.infer<typeof fit>;
export type Crossover = z.infer<typeof crossover>;
export type OrderEffect = z.infer<typeof orderEffect>;
export type Percentiles = z.infer<typeof percentiles>;
export type Outliers = z.infer<typeof outliers>;
/** A sentence that a run supports, with the cells and the interval it rests on. */
export type Finding = z.infer<typeof finding>;
/** How a plane is shown, as results.json keeps it. */
export type PlaneDescription = z.infer<typeof planeReport>;
/** What a scenario is, as results.json keeps it. */
export type ScenarioDescription = z.infer<typeof scenarioReport>;
export type Environment = z.infer<typeof environment>;

/** JSON Schema (draft 2020-12) of results.json, for readers in other languages. Fields it does not name are allowed. */
export function resultsJsonSchema(): Record<string, unknown> {
  return {
    title: "lbscale results",
    description: `results.json of lbscale, schema version ${SCHEMA_VERSION}. Times in nanoseconds.`,
    ...z.toJSONSchema(resultsSchema, { io: "input" }),
  };
}

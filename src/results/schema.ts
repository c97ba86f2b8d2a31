/**
 * The shape of results.json, schema version 1. Readers ignore fields they do not know; writers never change the
 * meaning of one that exists. Everything a chart or a finding says comes from here.
 */

import { z } from "zod";
import {
  cell,
  type estimate,
  type outliers,
  type percentiles,
  type relativeToBaseline,
  type replicate,
} from "./schema/cell.js";
import { crossover, finding, fit, orderEffect } from "./schema/conclusions.js";
import { planeReport, scenarioReport } from "./schema/descriptions.js";
import { environment } from "./schema/environment.js";

export const SCHEMA_VERSION = 1;

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
export type RelativeToBaseline = z.infer<typeof relativeToBaseline>;
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

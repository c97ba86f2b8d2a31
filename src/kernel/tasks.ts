/** What the sandbox can be asked to do, and what it answers: plain JSON, one report per line. */

import { z } from "zod";
import { FAMILIES } from "../cluster/family.js";
import { countedSchema, measuredSchema } from "../measure/replicate/measured-schema.js";
import type { UpdateMode } from "../planes/plane.js";
import { KERNEL_PLANE_IDS } from "./plane.js";

/** The cluster to load, in the sandbox's folder. */
export const CLUSTER_FILE = "cluster.json";

const count = z.number().int().nonnegative();
const plane = z.enum(KERNEL_PLANE_IDS);
const planes = z.array(plane).readonly();
/** Numbers of cells in the order in which they are measured, block by block. */
const blocks = z.array(z.array(count).readonly()).readonly();
/** Block and number of what a run that is resumed has already. */
const done = z.array(z.tuple([count, z.int()]).readonly()).readonly();
const UPDATE_MODES = ["partial", "full"] as const satisfies readonly UpdateMode[];

/** What every task with generated clusters has, whatever it measures. */
export const measuringSchema = z.object({
  endpointsPerService: count,
  seed: z.number(),
  /** The core that is measured on; null: any. */
  cpu: count.nullable(),
  /** Path of the nft that is measured; null: the system's. */
  nft: z.string().nullable(),
  /** Nothing begins after so long; null: no limit. */
  budgetMs: z.number().nullable(),
});

export const verifyTaskSchema = z.object({
  task: z.literal("verify"),
  planes,
  flows: count,
  seed: z.number(),
});
export type VerifyTask = z.infer<typeof verifyTaskSchema>;

/** Tries everything that planes need. */
export const checkTaskSchema = z.object({ task: z.literal("check"), planes });
export type CheckTask = z.infer<typeof checkTaskSchema>;

/** Connections through every cell, interleaved. No loading begins after a part of the time budget. */
export const connectTaskSchema = measuringSchema.extend({
  task: z.literal("connect"),
  cells: z.array(z.object({ plane, services: count })).readonly(),
  /** Cells of each round in the order they are probed. */
  schedule: blocks,
  /** Cells of the model lane, measured once a block between the kernel's. */
  models: z.array(z.object({ plane: z.string(), services: count })).readonly(),
  /** Cells whose services change after the rounds, and how; and in which order in each of their blocks. */
  updates: z.array(z.object({ cell: count, mode: z.enum(UPDATE_MODES) })).readonly(),
  updateSchedule: blocks,
  /** What a run that is resumed has already: of cells (models count down from -1), and of updates. */
  done: z.object({ rounds: done, updates: done }),
  connections: count,
  /** The largest cache, bytes; null: not known. */
  lastLevelBytes: z.number().nullable(),
  family: z.literal(FAMILIES),
});
export type ConnectTask = z.infer<typeof connectTaskSchema>;

export const kernelEquivalenceSchema = z.object({
  plane: z.string(),
  flows: count,
  left: z.record(z.string(), count),
  disagreements: count,
  examples: z.array(
    z.object({ plane: z.string(), flow: z.string(), expected: z.string(), decided: z.string() }),
  ),
  documented: z.record(z.string(), count),
});

/** Of each capability, by name: null where it works, otherwise what is missing. */
export const capabilitiesSchema = z.array(z.object({ name: z.string(), lacks: z.string().nullable() }));
export type Capability = z.infer<typeof capabilitiesSchema>[number];

/** A cell is loaded: once per cell, before the rounds. */
const loadedSchema = z.object({
  kind: z.literal("loaded"),
  cell: count,
  loadMs: z.number(),
  programBytes: z.number().nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** A plane can't be loaded, and its cell stays empty; or can't be measured any further. */
const failedSchema = z.object({ kind: z.literal("failed"), cell: count, reason: z.string() });

/** A round of one cell. `place` here and below: where in its block it was measured, from 0. */
const roundSchema = z.object({
  kind: z.literal("round"),
  cell: count,
  block: count,
  place: count,
  seed: z.number(),
  wallMs: z.number(),
  /** Time of connect(), and of a request and its answer over the same connection, in the order they were made. */
  connectNs: z.array(z.number()),
  exchangeNs: z.array(z.number()),
  work: z.object({
    rulesVisited: z.number(),
    mapLookups: z.number(),
    hashProbes: z.number(),
  }),
  visited: z.array(z.number()),
  chaseNs: z.number(),
  /** Connections that its plane still had at its beginning, where it has a table of its own (`OwnConnections`). */
  earlierConnections: count.optional(),
});

/** One lookup of a cell's BPF program, run by the kernel without a network: what its twin without lookup takes is off. */
const lookupSchema = z.object({
  kind: z.literal("lookup"),
  cell: count,
  block: count,
  place: count,
  netNs: z.array(z.number()),
  floorNs: z.number(),
  chaseNs: z.number(),
});

/** Lookups whose latency is known, in tables of so many elements, and a walk through the same memory: medians. */
const knownLatencySchema = z.object({
  kind: z.literal("known latency"),
  tables: z.array(z.object({ elements: count, bytes: count, kernelNs: z.number(), chaseNs: z.number() })),
});

/** These could not be timed, and are absent. */
const knownLatencyFailedSchema = z.object({ kind: z.literal("known latency failed"), reason: z.string() });

/** A replicate of the model lane: `cell` counts within `models`. */
const modelSchema = z.object({
  kind: z.literal("model"),
  cell: count,
  block: count,
  place: count,
  seed: z.number(),
  ran: z.object({ measured: z.union([countedSchema, measuredSchema]), wallMs: z.number() }),
});

/**
 * What the kernel says that a loaded program takes, by structure; `besides`: state of connections;
 * `modelled`: the model's of `bytes`.
 */
const memorySchema = z.object({
  kind: z.literal("memory"),
  cell: count,
  source: z.string(),
  bytes: z.record(z.string(), z.number()),
  besides: z.record(z.string(), z.number()),
  modelled: z.number().optional(),
});
export type KernelMemory = Omit<z.infer<typeof memorySchema>, "kind" | "cell">;

/** An endpoint joined and left, in this order: `update` counts within `updates`. */
const updateSchema = z.object({
  kind: z.literal("update"),
  update: count,
  block: count,
  place: count,
  wallMs: z.number(),
  /** From the tool's start to its end. */
  toolNs: z.tuple([z.number(), z.number()]),
  /** Of that, the system calls that change the kernel, where the tool timed them itself. */
  callsNs: z.tuple([z.number(), z.number()]).nullable(),
  /** The same tool with nothing to do: its start and its end. */
  floorNs: z.number(),
  chaseNs: z.number(),
});
export type KernelUpdate = z.infer<typeof updateSchema>;

/** A change failed, or the node decided wrongly after it: nothing more of this cell is changed. */
const updateFailedSchema = z.object({ kind: z.literal("update failed"), update: count, reason: z.string() });

export const connectReportSchema = z.discriminatedUnion("kind", [
  memorySchema,
  updateSchema,
  updateFailedSchema,
  loadedSchema,
  failedSchema,
  roundSchema,
  lookupSchema,
  knownLatencySchema,
  knownLatencyFailedSchema,
  modelSchema,
]);
export type ConnectReport = z.infer<typeof connectReportSchema>;

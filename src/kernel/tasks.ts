/** What the sandbox can be asked to do, and what it answers: plain JSON, a report a line. */

import { z } from "zod";
import type { Family } from "../cluster/family.js";
import { isRan, type Ran } from "../measure/spawn.js";
import type { PlaneId, UpdateMode } from "../planes/plane.js";
import type { KernelPlaneId } from "./plane.js";

/** The cluster to load, in the sandbox's folder. */
export const CLUSTER_FILE = "cluster.json";

export interface VerifyTask {
  readonly task: "verify";
  readonly planes: readonly KernelPlaneId[];
  readonly flows: number;
  readonly seed: number;
}

/** Tries everything that planes need. */
export interface CheckTask {
  readonly task: "check";
  readonly planes: readonly KernelPlaneId[];
}

/** Connections through every cell, interleaved. */
export interface ConnectTask {
  readonly task: "connect";
  readonly cells: readonly { readonly plane: KernelPlaneId; readonly services: number }[];
  /** Cells of each round in the order they are probed. */
  readonly schedule: readonly (readonly number[])[];
  /** Cells of the model lane, measured once a block between the kernel's. */
  readonly models: readonly { readonly plane: PlaneId; readonly services: number }[];
  /** Cells whose services change after the rounds, and how; and in which order in each of their blocks. */
  readonly updates: readonly { readonly cell: number; readonly mode: UpdateMode }[];
  readonly updateSchedule: readonly (readonly number[])[];
  /** What a run that is resumed has already, as block and number: of cells (models count down from -1), and of updates. */
  readonly done: {
    readonly rounds: readonly (readonly [number, number])[];
    readonly updates: readonly (readonly [number, number])[];
  };
  /** Nothing begins after so long, and no loading after a part of it; null: no limit. */
  readonly budgetMs: number | null;
  readonly connections: number;
  /** Path of the nft that is measured; null: the system's. */
  readonly nft: string | null;
  /** The largest cache, bytes; null: not known. */
  readonly lastLevelBytes: number | null;
  readonly endpointsPerService: number;
  readonly family: Family;
  readonly seed: number;
  readonly cpu: number | null;
}

export type Task = VerifyTask | CheckTask | ConnectTask;

const count = z.number().int().nonnegative();

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
  ran: z.custom<Ran>(isRan, "not what a measuring process reports"),
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

/** What the sandbox is asked about real programs as planes, and what it answers: plain JSON, one report per line. */

import { z } from "zod";
import { KUBE_PROXY_MODES } from "../kube-proxy/protocol.js";
import type { RealProgram } from "../planes/real-programs.js";
import { measuringSchema } from "../tasks.js";
import { ENDPOINT_CHANGES } from "./changes.js";

const count = z.number().int().nonnegative();
const ns = z.number();
const where = { cell: count, block: count, place: count };
const family = z.union([z.literal(4), z.literal(6), z.literal("dual")]);

const realProgramSchema: z.ZodType<RealProgram> = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("kube-proxy"),
    id: z.string(),
    binary: z.string(),
    mode: z.enum(KUBE_PROXY_MODES),
    backend: z.enum(["legacy", "nft"]),
    isOwnBuild: z.boolean(),
  }),
  z.object({
    kind: z.literal("cilium"),
    id: z.string(),
    binary: z.string(),
    path: z.enum(["socket", "packet"]),
    waitMs: count,
    isOwnBuild: z.boolean(),
  }),
]);

/** One program at one number of services. */
const cellSchema = z.object({ plane: z.string(), program: realProgramSchema, services: count });
export type ProgrammingCell = z.infer<typeof cellSchema>;

/** A fresh program on a fresh node: it starts from nothing, then endpoints change. */
const visitSchema = z.object({
  ...where,
  /** Rounds of connections through what it wrote. */
  rounds: count,
  /** How many endpoints change, one after another. */
  changes: count,
  /** Number of the first of them within the cell, over all visits. */
  firstChange: count,
  /** Endpoints of the Service that is rolled out afterwards; 0: none is. */
  rollout: count,
});
export type Visit = Readonly<z.infer<typeof visitSchema>>;

export const programmingTaskSchema = measuringSchema.extend({
  task: z.literal("programming"),
  cells: z.array(cellSchema).readonly(),
  visits: z.array(visitSchema).readonly(),
  family,
  /** New connections of each round. */
  connections: count,
  /** Time for one visit. */
  limitMs: z.number(),
});
export type ProgrammingTask = z.infer<typeof programmingTaskSchema>;

/** Times of the tools that were run meanwhile; of Cilium, which runs none, of its operations on maps. */
const tools = z.object({
  listingNs: ns,
  writingNs: ns,
  writingSystemNs: ns.nullable(),
  otherNs: ns,
  peakBytes: z.number(),
  calls: count,
});

const startingSchema = z.object({ kind: z.literal("starting"), ...where });

/** From nothing until the last Service answers. */
const startedSchema = z.object({
  kind: z.literal("started"),
  ...where,
  answeredNs: ns,
  /** Until kube-proxy itself said that it had synced, or Cilium's last write. */
  syncedNs: ns,
  /** Of the program and its children. */
  cpuNs: ns,
  peakBytes: z.number(),
  /** How much more the kernel's slabs and vmalloc held afterwards: of the whole machine. */
  slabBytes: z.number(),
  vmallocBytes: z.number(),
  tools,
  /** What the kernel accounts for each map that it filled; null: it has none. */
  maps: z.record(z.string(), z.number()).nullable(),
  /** Versions, as the programs and the tools say them, and how they were configured. */
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** Times of connections and of a request over each, and of the same to endpoints through a node that does nothing of it. */
const roundSchema = z.object({
  kind: z.literal("round"),
  ...where,
  seed: z.number(),
  connectNs: z.array(ns),
  exchangeNs: z.array(ns),
  baseConnectNs: ns,
  baseExchangeNs: ns,
  wallMs: z.number(),
});

/** One endpoint changed. */
const changedSchema = z.object({
  kind: z.literal("changed"),
  ...where,
  change: z.enum(ENDPOINT_CHANGES),
  /** From the event until the program had written everything. */
  syncNs: ns,
  /** From the event until the first connect() that follows it. */
  visibleNs: ns,
  tools,
  syncs: count.nullable(),
  wallMs: z.number(),
});

/** All endpoints of a Service were replaced, one event each, sent at once. */
const rolledOutSchema = z.object({
  kind: z.literal("rolled out"),
  ...where,
  syncNs: ns,
  /** null: of Cilium, which says nothing of them. */
  syncs: count.nullable(),
  operations: count.nullable(),
  endpoints: count,
  wallMs: z.number(),
});

/** It did not finish: `stage` says where. */
const gapSchema = z.object({
  kind: z.literal("gap"),
  ...where,
  stage: z.enum(["start", "rounds", "changes"]),
  reason: z.string(),
  spentMs: z.number(),
});

/** The visit is over, whatever became of it. */
const leftSchema = z.object({ kind: z.literal("left"), ...where, spentMs: z.number() });

export const programmingReportSchema = z.discriminatedUnion("kind", [
  startingSchema,
  startedSchema,
  roundSchema,
  changedSchema,
  rolledOutSchema,
  gapSchema,
  leftSchema,
]);
export type ProgrammingReport = z.infer<typeof programmingReportSchema>;

/** What the process in the node starts. */
const programSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("kube-proxy"),
    binary: z.string(),
    mode: z.enum(KUBE_PROXY_MODES),
    backend: z.enum(["legacy", "nft"]),
    timed: z.string(),
    /** The nft that kube-proxy runs. */
    nft: z.string(),
  }),
  z.object({
    kind: z.literal("cilium"),
    binary: z.string(),
    waitMs: count,
    /** The BPF file system in which it pins its maps. */
    bpffs: z.string(),
  }),
]);
export type ProgramOnNode = z.infer<typeof programSchema>;

/** What the process in the node is asked. */
export const nodeRequestSchema = z.discriminatedUnion("call", [
  /** Serves the cluster, and gets everything ready. */
  z.object({
    call: z.literal("prepare"),
    folder: z.string(),
    program: programSchema,
    services: count,
    endpointsPerService: count,
    family,
    seed: z.number(),
    /** Numbers of the services whose endpoints will change. */
    changing: z.array(count),
    limitMs: z.number(),
  }),
  /** Starts the program, and returns when. Cilium's maps are there then. */
  z.object({ call: z.literal("start") }),
  /** Waits until it has nothing left to write. */
  z.object({ call: z.literal("settle") }),
  z.object({ call: z.literal("change"), service: count, kind: z.enum(ENDPOINT_CHANGES) }),
  z.object({ call: z.literal("resize"), service: count, endpoints: count }),
  z.object({ call: z.literal("roll out"), service: count }),
]);
export type NodeRequest = z.infer<typeof nodeRequestSchema>;

export const startReplySchema = z.object({ startNs: ns });
export const settleReplySchema = z.object({
  syncedNs: ns,
  cpuNs: ns,
  peakBytes: z.number(),
  tools,
  maps: z.record(z.string(), z.number()).nullable(),
});
export const changeReplySchema = z.object({
  sentNs: ns,
  syncedNs: ns,
  syncs: count.nullable(),
  /** Operations on maps; null: it has none. */
  operations: count.nullable(),
  tools,
  /** Whose connections it moved, by family: IPv4 first. */
  moved: z.array(z.object({ joined: z.string().nullable(), left: z.string().nullable() })),
});
export const nodeReplySchema = z.union([z.object({ value: z.unknown() }), z.object({ error: z.string() })]);
export type StartReply = z.infer<typeof startReplySchema>;
export type SettleReply = z.infer<typeof settleReplySchema>;
export type ChangeReply = z.infer<typeof changeReplySchema>;

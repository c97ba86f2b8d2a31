/**
 * All lanes: to add one, add its file and an entry here. Ids, what the command line offers and which options are refused follow
 * from it. Code is loaded lane by lane, because most runs need just one.
 */

import type { Field } from "../options.js";
import type { LaneEntry } from "./lane.js";

const ALL_USE = [
  "services",
  "scenarios",
  "replicates",
  "endpoints",
  "family",
  "budgetSeconds",
] as const satisfies readonly Field[];

/** In the order in which they are listed. */
export const LANES: readonly LaneEntry[] = [
  {
    id: "model",
    uses: [
      ...ALL_USE,
      ...(["profile", "planes", "planeOptions", "cluster"] as const),
      ...(["warmupMs", "measureMs", "slowdown", "zipf", "popular", "misses"] as const),
    ],
    opensConnections: false,
    load: async () => (await import("./model.js")).modelLane,
  },
  {
    id: "kernel",
    uses: [...ALL_USE, "profile", "planes", "connections", "durationSeconds", "nft"],
    opensConnections: true,
    load: async () => (await import("./kernel.js")).kernelLane,
  },
  {
    id: "guest",
    uses: [...ALL_USE, "profile", "planes", "connections"],
    opensConnections: true,
    load: async () => (await import("./kernel.js")).guestLane,
  },
  {
    id: "cluster",
    uses: [...ALL_USE, "durationSeconds", "clusterLane"],
    opensConnections: true,
    load: async () => (await import("./cluster.js")).clusterLane,
  },
];

/** Names and bounds of a run of the cluster lane. Light, as src/run/bounds.ts: bad usage is reported before zod is loaded. */

/** Protocols of Services that are measured. */
export const PROTOCOLS = ["tcp", "udp"] as const;
/** One of `PROTOCOLS`. */
export type Protocol = (typeof PROTOCOLS)[number];

/** Bounds of numbers. */
export const CLUSTER_BOUNDS = {
  nodes: [1, 100],
  /** Above, a probe's own packets are what fills a small node. */
  rate: [10, 10_000],
  /** A probe's log must fit what a node keeps of one. */
  durationSeconds: [1, 300],
} as const;

/** Settings that results may hold: every other names a cluster, or what is in it. */
export const STORED_SETTINGS = ["nodes", "rate", "protocols", "planeName", "names"] as const;

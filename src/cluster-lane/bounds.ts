/** Options of a run of the cluster lane. Light, as src/run/options.ts: bad usage is reported before zod is loaded. */

import type { OptionDeclaration } from "../values.js";

/** Protocols of Services that are measured. */
export const PROTOCOLS = ["tcp", "udp"] as const;
/** One of `PROTOCOLS`. */
export type Protocol = (typeof PROTOCOLS)[number];

/** A probe's log must fit what a node keeps of one. */
export const DURATION_SECONDS = [1, 300] as const;

/** An option of this lane. */
interface ClusterOptionDeclaration extends OptionDeclaration {
  /** Whether results may hold it: every other names a cluster, or what is in it. */
  readonly isStored?: true;
}

/** Spelled as kubectl spells them where it has them. In the order of help. */
export const CLUSTER_OPTIONS = {
  /** A file of kubectl's; KUBECONFIG or ~/.kube/config where absent. */
  kubeconfig: { takes: { kind: "text" }, describe: "Lane cluster: kubectl's file; KUBECONFIG by default" },
  /** A context of that file; its current one where absent. */
  context: { takes: { kind: "text" }, describe: "Lane cluster: a context of it; the current one by default" },
  /** A namespace that exists, in which only our own objects are made and removed; one of the run's own where absent. */
  namespace: {
    takes: {
      kind: "text",
      // A DNS label (RFC 1123).
      pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
      accepted: "a name of lower-case letters, digits and hyphens",
    },
    describe: "Lane cluster: a namespace that exists; one of the run's own by default",
  },
  /** Nodes that probe, at most; three where absent. */
  nodes: {
    takes: { kind: "integer", bounds: [1, 100] },
    describe: "Lane cluster: nodes that probe, at most; 3 by default",
    isStored: true,
  },
  /** Connections a second of each probe and protocol; 2,000 of TCP and 500 of UDP where absent. */
  rate: {
    // Above, a probe's own packets are what fills a small node.
    takes: { kind: "integer", bounds: [10, 10_000] },
    describe: "Lane cluster: connections per second of each probe; 2,000 by default, 500 over UDP",
    isStored: true,
  },
  /** TCP alone where absent. */
  protocols: {
    takes: { kind: "choices", choices: PROTOCOLS },
    describe: `Lane cluster: ${PROTOCOLS.join(" or ")}, or both; tcp by default`,
    isStored: true,
  },
  /** Labels of nodes to use. */
  nodeSelector: {
    takes: { kind: "labels" },
    describe: "Lane cluster: labels of nodes to use, such as pool=test,disk=ssd",
  },
  /** Taints that pods tolerate. */
  tolerations: {
    takes: { kind: "taints" },
    describe: "Lane cluster: taints to tolerate, such as dedicated=test:NoSchedule",
  },
  /** An image that starts nothing by itself; the nodes' own pause image where absent. */
  image: {
    takes: { kind: "text" },
    describe: "Lane cluster: image of the pods; the nodes' pause image by default",
  },
  /** The name of what balances, where it is not to be found out. */
  planeName: {
    takes: {
      kind: "text",
      pattern: /^[a-z0-9][a-z0-9-]{0,29}$/,
      accepted: "up to 30 lower-case letters, digits and hyphens",
    },
    describe:
      "Lane cluster: name of the data plane; one that begins like the detected mode keeps its version",
    isStored: true,
  },
  /** Whether names of nodes are stored. */
  names: { takes: { kind: "flag" }, describe: "Lane cluster: store names of nodes", isStored: true },
  /** Whether what was made stays when the run ends. */
  keep: {
    takes: { kind: "flag" },
    describe: "Lane cluster: keep everything that the run created; lbscale clean removes it",
  },
} as const satisfies Readonly<Record<string, ClusterOptionDeclaration>>;

/** A field of `clusterLane` in a specification. */
export type ClusterOption = keyof typeof CLUSTER_OPTIONS;
/** All of them. */
export const CLUSTER_FIELDS = Object.keys(CLUSTER_OPTIONS).filter(
  (key): key is ClusterOption => key in CLUSTER_OPTIONS,
);

/** Those that results may hold. */
export const STORED_FIELDS: readonly string[] = CLUSTER_FIELDS.filter((field) => {
  const declared: ClusterOptionDeclaration = CLUSTER_OPTIONS[field];
  return declared.isStored;
});

/** What a run of the cluster lane needs in addition to the numbers that every lane has. */

import { z } from "zod";
import { CLUSTER_BOUNDS, PROTOCOLS } from "./bounds.js";

const tolerationSchema = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(["Exists", "Equal"]),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
});

/** A toleration as a pod has it. */
export type Toleration = z.infer<typeof tolerationSchema>;

/** A DNS label (RFC 1123), what a namespace is named by. */
const namespaceName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "give a name of lower-case letters, digits and hyphens");

const integer = ([min, max]: readonly [number, number]) => z.int().min(min).max(max);

/** The zod schema of `clusterLane` in a run's specification. */
export const clusterLaneSchema = z.strictObject({
  /** A file of kubectl's; KUBECONFIG or ~/.kube/config where absent. */
  kubeconfig: z.string().min(1).exactOptional(),
  /** A context of that file; its current one where absent. */
  context: z.string().min(1).exactOptional(),
  /** A namespace that exists, in which only our own objects are made and removed; one of the run's own where absent. */
  namespace: namespaceName.exactOptional(),
  /** Nodes that probe, at most; three where absent. */
  nodes: integer(CLUSTER_BOUNDS.nodes).exactOptional(),
  /** Connections a second of each probe and protocol; 2,000 of TCP and 500 of UDP where absent. */
  rate: integer(CLUSTER_BOUNDS.rate).exactOptional(),
  /** TCP alone where absent. */
  protocols: z.array(z.enum(PROTOCOLS)).min(1).exactOptional(),
  nodeSelector: z.record(z.string(), z.string()).exactOptional(),
  tolerations: z.array(tolerationSchema).exactOptional(),
  /** An image that starts nothing by itself; the nodes' own pause image where absent. */
  image: z.string().min(1).exactOptional(),
  /** The name of what balances, where it is not to be found out. */
  planeName: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,29}$/, "give up to 30 lower-case letters, digits and hyphens")
    .exactOptional(),
  /** Whether names of nodes are stored. */
  names: z.boolean().exactOptional(),
  /** Whether what was made stays when the run ends. */
  keep: z.boolean().exactOptional(),
});

/** What a specification says of the cluster lane alone. */
export type ClusterSettings = z.infer<typeof clusterLaneSchema>;

/** Options of a run of the cluster lane, with the two times that every lane has. */
export interface ClusterLaneOptions extends ClusterSettings {
  /** For the whole run: once they are over nothing more begins, within an N either. No limit where absent. */
  readonly budgetSeconds?: number | undefined;
  /** Seconds of measuring at each N; 20 where absent. */
  readonly durationSeconds?: number | undefined;
}

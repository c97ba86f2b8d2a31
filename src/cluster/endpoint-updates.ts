/** Endpoints that come and go in a running program: each keeps its number, whatever row the cluster's columns give it. */

import { applyChange, type Change, changedRows } from "./change.js";
import type { Cluster } from "./cluster.js";

/** A cluster and the numbers of its endpoints. */
export interface LiveCluster {
  readonly cluster: Cluster;
  /** Row of the endpoint columns → number of the endpoint. */
  readonly ids: Uint32Array;
}

/** A change of one service-port's endpoints, worked out: what a control plane knows before it writes. */
export interface EndpointUpdate {
  readonly servicePort: number;
  readonly before: LiveCluster;
  readonly after: LiveCluster;
}

/** A cluster in which nothing has changed yet: numbers are rows. */
export function liveCluster(cluster: Cluster): LiveCluster {
  return { cluster, ids: Uint32Array.from({ length: cluster.endpoints }, (_, row) => row) };
}

/**
 * Works a change out. Endpoints that join are numbered from `firstId` on, which the caller never gives to other
 * endpoints: a client that remembers a number then never means another one. Throws InvalidChangeError for what can't be.
 */
export function resolveChange(before: LiveCluster, change: Change, firstId: number): EndpointUpdate {
  const { cluster, ids } = before;
  const { servicePort } = change;
  const { leaving, joining } = changedRows(cluster, change);
  const after = applyChange(cluster, change);
  const first = cluster.endpointStart[servicePort]!;
  const end = cluster.endpointStart[servicePort + 1]!;
  const kept = ids.subarray(first, end).filter((_, position) => !leaving.includes(first + position));
  const numbered = new Uint32Array(after.endpoints);
  numbered.set(ids.subarray(0, first));
  numbered.set(kept, first);
  numbered.set(
    joining.map((_, index) => firstId + index),
    first + kept.length,
  );
  numbered.set(ids.subarray(end), first + kept.length + joining.length);
  return { servicePort, before, after: { cluster: after, ids: numbered } };
}

/** Numbers of a service-port's endpoints, in their order. */
export function idsOf({ cluster, ids }: LiveCluster, servicePort: number): Uint32Array {
  return ids.subarray(cluster.endpointStart[servicePort]!, cluster.endpointStart[servicePort + 1]!);
}

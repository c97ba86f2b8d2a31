/** A cluster as another node sees it: what kube-proxy is configured with, and no Service says. */

import type { Cidr, Cluster } from "./cluster.js";
import { reserveClients } from "./infer-network.js";

export interface NodeFacts {
  /** kube-proxy's `--cluster-cidr`; undefined: the cluster's. */
  readonly podRange?: Cidr | undefined;
  /** The node's addresses, its InternalIP first; none: the cluster's. */
  readonly nodeAddresses?: readonly number[] | undefined;
}

/**
 * The cluster with other facts of the node.
 * @throws InvalidClusterError where a pod range is full: no address in it is left for clients.
 */
export function withNodeFacts(cluster: Cluster, { podRange, nodeAddresses = [] }: NodeFacts): Cluster {
  if (podRange === undefined && nodeAddresses.length === 0) return cluster;
  const { network, clusterIp, endpointAddress } = cluster;
  const own: Partial<Cluster["network"]> = {
    ...(podRange !== undefined && {
      podCidr: podRange,
      clientCidr: reserveClients(podRange, [...clusterIp, ...endpointAddress]),
    }),
    ...(nodeAddresses.length > 0 && { nodeAddresses }),
  };
  return { ...cluster, network: { ...network, ...own } };
}

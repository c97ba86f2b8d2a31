/** The cluster that the objects of an API server describe, as one node sees it. */

import { type Cluster, parseAddress, parseCidr } from "../../cluster/cluster.js";
import { UsageError } from "../../errors.js";
import { importKubernetes } from "../../kubernetes/import.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";

/** What the objects do not say of the node's kube-proxy. */
export interface NodeFacts {
  readonly node: string;
  readonly addresses: readonly string[];
  /** `--cluster-cidr`: undefined: inferred from the endpoints. */
  readonly podRange?: string | undefined;
}

/**
 * Objects as a cluster of ours.
 * @throws UsageError for objects that cannot be: no Service, a range that is none.
 */
export function modelCluster(objects: readonly ApiObject[], facts: NodeFacts): Cluster {
  const podCidr = facts.podRange === undefined ? undefined : parseCidr(facts.podRange);
  if (facts.podRange !== undefined && podCidr === undefined)
    throw new UsageError(`--pod-range "${facts.podRange}": give an IPv4 range such as 10.244.0.0/16`);
  const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const { cluster } = importKubernetes(text, { node: facts.node, podRange: podCidr });
  // The addresses that the sandbox gets, in kube-proxy's order.
  const nodeAddresses = facts.addresses.flatMap((address) => parseAddress(address) ?? []);
  return { ...cluster, network: { ...cluster.network, nodeAddresses } };
}

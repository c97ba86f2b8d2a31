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
  const items = objects.map((object) => withoutOtherNodes(object, facts.node));
  const { cluster } = importKubernetes(JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const nodeAddresses = facts.addresses.flatMap((address) => parseAddress(address) ?? []);
  return { ...cluster, network: { ...cluster.network, nodeAddresses, ...(podCidr && { podCidr }) } };
}

/** The import takes the first node that an endpoint names for this one. */
function withoutOtherNodes(object: ApiObject, node: string): ApiObject {
  if (!Array.isArray(object.endpoints)) return object;
  const endpoints = object.endpoints.map(({ nodeName, ...endpoint }) =>
    nodeName === node ? { ...endpoint, nodeName } : endpoint,
  );
  return { ...object, endpoints };
}

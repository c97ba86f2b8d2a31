/** The cluster that the objects of an API server describe, as one node sees it. */

import type { Cluster } from "../../cluster/cluster.js";
import { type DualStack, familiesOf } from "../../cluster/family.js";
import { numbersOf, parseRawAddress, parseRawCidr } from "../../cluster/raw-addresses.js";
import { InvalidOptionError } from "../../errors.js";
import { importKubernetes } from "../../kubernetes/import.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import type { NodeOptions } from "../../kubernetes/network/this-node.js";

/** What the objects do not say of the node's kube-proxy. */
export interface NodeSettings {
  readonly node: string;
  readonly addresses: readonly string[];
  /** `--cluster-cidr`: undefined: inferred from the endpoints. */
  readonly podRange?: string | undefined;
  /** Which endpoint counts of those with one address: `running` by default. */
  readonly sharedAddress?: NodeOptions["sharedAddress"];
}

/**
 * Objects as a cluster of ours, or both parts of a dual-stack one.
 * @throws InvalidInputError for objects that cannot be, such as no Service; InvalidOptionError for an invalid range.
 */
export function modelFamilies(objects: readonly ApiObject[], facts: NodeSettings): Cluster | DualStack {
  const podRanges = (facts.podRange?.split(",") ?? []).map((text) => {
    const range = parseRawCidr(text.trim());
    if (range === undefined)
      throw new InvalidOptionError(
        `pod range "${facts.podRange}": give a range such as 10.244.0.0/16 or fd00:10:244::/56`,
      );
    return range;
  });
  const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  // The addresses that the sandbox gets, in kube-proxy's order.
  const addresses = facts.addresses.flatMap((address) => parseRawAddress(address) ?? []);
  const { cluster, ipv6 } = importKubernetes(text, {
    node: facts.node,
    podRange: podRanges,
    sharedAddress: facts.sharedAddress,
  });
  const onNode = (one: Cluster): Cluster => {
    const nodeAddresses = numbersOf(addresses, one.network);
    return { ...one, network: { ...one.network, nodeAddresses } };
  };
  return ipv6 ? { ipv4: onNode(cluster), ipv6: onNode(ipv6.cluster) } : onNode(cluster);
}

/** The same, of a dual-stack cluster the IPv4 part. */
export function modelCluster(objects: readonly ApiObject[], facts: NodeSettings): Cluster {
  return familiesOf(modelFamilies(objects, facts))[0];
}

/** A cluster as another node sees it: what kube-proxy is configured with, and no Service says. */

import type { Cluster } from "./cluster.js";
import { reserveIpv6Clients } from "./infer-ipv6.js";
import { reserveClients } from "./infer-network.js";
import type { Cidr6 } from "./ipv6.js";
import { numberAddresses, numbersOf, type RawAddress, type RawCidr } from "./raw-addresses.js";
import { serviceCidrsOf, serviceRangeFields } from "./service-ranges.js";

export interface NodeFacts {
  /** kube-proxy's `--cluster-cidr`, a range of each family; none of the cluster's family: the cluster's. */
  readonly podRanges?: readonly RawCidr[] | undefined;
  /** The node's addresses, its InternalIP first; none of the cluster's family: the cluster's. */
  readonly nodeAddresses?: readonly RawAddress[] | undefined;
}

/**
 * The cluster with other facts of the node.
 * @throws InvalidClusterError where a pod range is full: no address in it is left for clients.
 */
export function withNodeFacts(cluster: Cluster, { podRanges = [], nodeAddresses = [] }: NodeFacts): Cluster {
  const isIpv6 = cluster.network.ipv6 !== undefined;
  const range = podRanges.find(({ base }) => (typeof base === "bigint") === isIpv6);
  const ranged = range === undefined ? cluster : withPodRange(cluster, range);
  const own = numbersOf(nodeAddresses, ranged.network);
  if (own.length === 0) return ranged;
  return { ...ranged, network: { ...ranged.network, nodeAddresses: own } };
}

function withPodRange(cluster: Cluster, { base, prefixLength }: RawCidr): Cluster {
  if (typeof base === "bigint") return renumbered(cluster, { base, prefixLength });
  const podCidr = { base, prefixLength };
  const clientCidr = reserveClients(podCidr, [...cluster.clusterIp, ...cluster.endpointAddress]);
  return { ...cluster, network: { ...cluster.network, podCidr, clientCidr } };
}

/** A cluster of IPv6 with another pod range, and numbers of a plan that has it. */
function renumbered(cluster: Cluster, podCidr: Cidr6): Cluster {
  const { network, clusterIp, endpointAddress, externalAddress, rangeBase, rangePrefixLength } = cluster;
  const plan = network.ipv6!;
  const used = [...clusterIp, ...endpointAddress].map((number) => plan.address(number));
  const clientCidr = reserveIpv6Clients(podCidr, used);
  const [serviceCidr, ...moreServiceCidrs] = serviceCidrsOf(network).map((range) => plan.cidr6(range));
  const ranges = Array.from(rangeBase, (base, row) =>
    plan.cidr6({ base, prefixLength: rangePrefixLength[row]! }),
  );
  const numbers = numberAddresses(
    { serviceCidr: serviceCidr!, moreServiceCidrs, podCidr, clientCidr },
    ranges,
    endpointAddress.length,
  );
  const where = () => "the cluster";
  const moved = (number: number) => numbers.address(plan.address(number), where);
  const blocks = ranges.map((range) => numbers.cidr(range, where));
  return {
    ...cluster,
    clusterIp: clusterIp.map(moved),
    endpointAddress: endpointAddress.map(moved),
    externalAddress: externalAddress.map(moved),
    rangeBase: Uint32Array.from(blocks, ({ base }) => base),
    rangePrefixLength: Uint8Array.from(blocks, ({ prefixLength }) => prefixLength),
    network: {
      ...network,
      ...serviceRangeFields([serviceCidr!, ...moreServiceCidrs].map((range) => numbers.cidr(range, where))),
      podCidr: numbers.cidr(podCidr, where),
      clientCidr: numbers.cidr(clientCidr, where),
      nodeAddresses: network.nodeAddresses.map(moved),
      ...(numbers.ipv6 && { ipv6: numbers.ipv6 }),
    },
  };
}

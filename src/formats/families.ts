/** A node's tables of both families: addresses as they are written, and clusters that are read one by one and belong together. */

import type { AddressPlan } from "../cluster/address-plan.js";
import type { ServiceRecord } from "../cluster/build.js";
import { type Cidr, type Cluster, type Network, parseAddress, parseCidr } from "../cluster/cluster.js";
import { type Ipv6Addresses, type Ipv6Network, inferIpv6 } from "../cluster/infer-ipv6.js";
import { inferNetwork, type KnownNetwork } from "../cluster/infer-network.js";
import { type Cidr6, parseCidr6 } from "../cluster/ipv6.js";

/** What the user says of the node, by family. */
export interface KnownNode {
  readonly ipv4: KnownNetwork;
  readonly ipv6: { readonly podCidr?: Cidr6 | undefined; readonly nodeAddresses: readonly bigint[] };
}

export const NOTHING_KNOWN: KnownNode = { ipv4: {}, ipv6: { nodeAddresses: [] } };

/** The number of an address: of IPv4, or with a plan of IPv6. Undefined where the text is not an address of that family. */
export function readAddress(text: string, plan: AddressPlan | undefined): number | undefined {
  return plan ? plan.parse(text) : parseAddress(text);
}

/** The block of a range, or of an address as one; undefined where the text is neither of that family. */
export function readRange(text: string, plan: AddressPlan | undefined): Cidr | undefined {
  if (!plan) return parseCidr(text.includes("/") ? text : `${text}/32`);
  const range = parseCidr6(text.includes("/") ? text : `${text}/128`);
  return range && plan.cidr(range);
}

/** Numbers for what was read of IPv6, with the pod range that the user gave. Undefined where there is no Service of it. */
export function planOf(found: Ipv6Addresses, { ipv6: { podCidr } }: KnownNode): Ipv6Network | undefined {
  if (found.clusterIps.length === 0) return undefined;
  return inferIpv6({ ...found, ...(podCidr && { podCidr }) });
}

/** What the user says, in the numbers of a family. */
export function knownOf({ ipv4, ipv6 }: KnownNode, network: Ipv6Network | undefined): KnownNetwork {
  if (!network) return ipv4;
  return {
    ...(ipv6.podCidr && { podCidr: network.podCidr }),
    nodeAddresses: ipv6.nodeAddresses.map((address) => network.plan.number(address)),
  };
}

/** The network around Services of a family: of IPv6 with the ranges that its numbers are made for. */
export function networkOf(
  records: readonly ServiceRecord[],
  facts: KnownNetwork,
  ipv6: Ipv6Network | undefined,
): Network {
  if (!ipv6) return inferNetwork(records, facts);
  return inferNetwork(records, { ...ipv6, ipv6, nodeAddresses: facts.nodeAddresses ?? [] });
}

/** A family as it was read. */
export interface ReadFamily {
  readonly cluster: Cluster;
  readonly report: readonly string[];
}

/** A count, and no part of a version or an address: what it is of is one family's. */
const COUNT = /(?:^|[ :])[\d,]*\d(?=[ ,;]|$)/;

/** Both families as one import: what the report says of both stands in it once, and counts with the family that they are of. */
export function joinFamilies(ipv4: ReadFamily, ipv6: ReadFamily): ReadFamily & { readonly ipv6: Cluster } {
  const lines = ipv6.report.filter((line) => COUNT.test(line) || !ipv4.report.includes(line));
  return {
    cluster: ipv4.cluster,
    ipv6: ipv6.cluster,
    report: [...ipv4.report, ...lines.map((line) => `IPv6: ${line}`)],
  };
}

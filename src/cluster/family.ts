/** The family of a cluster's addresses, and their text. Clusters of both families are two, which share their Services. */

import { type Cidr, type Cluster, formatAddress, formatCidr, type Network } from "./cluster.js";

export const FAMILIES = [4, 6] as const;
/** A family of addresses: IPv4 or IPv6. */
export type Family = 4 | 6;

/** One family, or a node that has both. */
export type FamilyChoice = Family | "dual";

export const FAMILY_NAMES: Readonly<Record<FamilyChoice, string>> = {
  4: "IPv4",
  6: "IPv6",
  dual: "dual stack",
};

/** Services of both families as a node's tables have them, each of its own: a Service of both stands in both. */
export interface DualStack {
  readonly ipv4: Cluster;
  readonly ipv6: Cluster;
}

/** A cluster, or both of a dual-stack one: IPv4 first. */
export function familiesOf(cluster: Cluster | DualStack): readonly [Cluster, Cluster?] {
  return "ipv4" in cluster ? [cluster.ipv4, cluster.ipv6] : [cluster];
}

/** What families a cluster has. */
export function choiceOf(cluster: Cluster | DualStack): FamilyChoice {
  return "ipv4" in cluster ? "dual" : familyOf(cluster.network);
}

/** The part of a cluster that was chosen, or all of it. Undefined where it lacks that family. */
export function chooseFamily(
  cluster: Cluster | DualStack,
  choice: FamilyChoice,
): Cluster | DualStack | undefined {
  if (choice === choiceOf(cluster)) return cluster;
  if (!("ipv4" in cluster) || choice === "dual") return undefined;
  return choice === 4 ? cluster.ipv4 : cluster.ipv6;
}

/** What family a network's addresses are of. */
export function familyOf({ ipv6 }: Pick<Network, "ipv6">): Family {
  return ipv6 === undefined ? 4 : 6;
}

/** Text of an address of this network. */
export function addressText({ ipv6 }: Pick<Network, "ipv6">, address: number): string {
  return ipv6 === undefined ? formatAddress(address) : ipv6.format(address);
}

/** Text of a range of this network. */
export function rangeText({ ipv6 }: Pick<Network, "ipv6">, range: Cidr): string {
  return ipv6 === undefined ? formatCidr(range) : ipv6.formatCidr(range);
}

/** `10.0.0.1:80`, or `[fd00::1]:80`. */
export function socketText({ ipv6 }: Pick<Network, "ipv6">, address: number, port: number): string {
  return ipv6 === undefined ? `${formatAddress(address)}:${port}` : `[${ipv6.format(address)}]:${port}`;
}

/** `10.0.0.1:80` of an endpoint, or `[fd00::1]:80`. */
export function endpointText({ network, endpointAddress, endpointPort }: Cluster, endpoint: number): string {
  return socketText(network, endpointAddress[endpoint]!, endpointPort[endpoint]!);
}

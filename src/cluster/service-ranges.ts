/** Where cluster IPs are taken from: one range, or those of several ServiceCIDR objects (KEP-1880), which may overlap. */

import { type Cidr, type Cluster, cidrSize, inCidr, type Network } from "./cluster.js";
import { rangeText } from "./family.js";
import { IPV6_BITS } from "./ipv6.js";

type Ranges = Pick<Network, "serviceCidr" | "moreServiceCidrs">;

/** All ranges, the first that of the cluster's own ServiceCIDR object. */
export function serviceCidrsOf({ serviceCidr, moreServiceCidrs = [] }: Ranges): readonly Cidr[] {
  return [serviceCidr, ...moreServiceCidrs];
}

/** Ranges as the fields of a network that hold them: the first, and further ones where there are any. */
export function serviceRangeFields([first, ...more]: readonly Cidr[]): Partial<Ranges> {
  return { ...(first && { serviceCidr: first }), ...(more.length > 0 && { moreServiceCidrs: more }) };
}

/** Whether an address lies in one of the ranges. */
export function inServiceRanges(network: Ranges, address: number): boolean {
  if (inCidr(network.serviceCidr, address)) return true;
  return network.moreServiceCidrs?.some((range) => inCidr(range, address)) ?? false;
}

/** `10.96.0.0/12, 10.200.0.0/24`. */
export function serviceRangesText(network: Ranges & Pick<Network, "ipv6">): string {
  return serviceCidrsOf(network)
    .map((range) => rangeText(network, range))
    .join(", ");
}

/** How many addresses the ranges have; those that two of them have count once. */
export function countServiceAddresses(network: Ranges & Pick<Network, "ipv6">): number {
  const { ipv6 } = network;
  return withoutHeld(serviceCidrsOf(network)).reduce(
    (sum, range) => sum + (ipv6 ? 2 ** (IPV6_BITS - ipv6.cidr6(range).prefixLength) : cidrSize(range)),
    0,
  );
}

/** An address of the ranges that no Service has; undefined where they are full. */
export function freeServiceAddress({ network, clusterIp }: Pick<Cluster, "network" | "clusterIp">) {
  const taken = new Set(clusterIp);
  for (const range of serviceCidrsOf(network)) {
    const end = range.base + Math.min(taken.size + 2, cidrSize(range) - 1);
    for (let address = range.base + 1; address < end; address++) if (!taken.has(address)) return address;
  }
  return undefined;
}

/** Without the ranges that lie in others, widest first. */
export function withoutHeld(ranges: readonly Cidr[]): Cidr[] {
  const kept: Cidr[] = [];
  for (const range of [...ranges].sort((a, b) => a.prefixLength - b.prefixLength))
    if (!kept.some((wider) => inCidr(wider, range.base))) kept.push(range);
  return kept;
}

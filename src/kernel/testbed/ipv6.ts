/** What testbeds of IPv6 have that those of IPv4 lack. */

import { AddressPlan } from "../../cluster/address-plan.js";
import type { Region } from "../../cluster/address-words.js";
import type { Cluster, Network } from "../../cluster/cluster.js";
import { formatIpv6, inCidr6 } from "../../cluster/ipv6.js";
import { KernelError } from "./tools.js";

/** As many as native/address.h keeps. */
const MAX_REGIONS = 32;

/**
 * What the C programs (native/address.h) are told about the numbers of a network; nothing in IPv4.
 *
 * @throws KernelError where regions alone do not say which number stands for which address: that is all they know.
 */
export function ipv6Arguments({ ipv6 }: Pick<Network, "ipv6">): readonly string[] {
  if (ipv6 === undefined) return [];
  // The programs take the first that fits, and a region may lie within another.
  const regions = ipv6.regions.toSorted((a, b) => b.range.prefixLength - a.range.prefixLength);
  const reason = !ipv6.isRegular
    ? "addresses of this cluster lie too far apart"
    : regions.length > MAX_REGIONS
      ? `this cluster has ${regions.length} ranges, more than ${MAX_REGIONS}`
      : regions.some((region) => regions.some((other) => hides(region, other)))
        ? "ranges of this cluster begin where wider ones begin"
        : undefined;
  if (reason !== undefined)
    throw new KernelError(`this lane can't have these addresses of IPv6: ${reason}; use the model lane`);
  return [
    "--ipv6",
    regions.map(({ range, first, bits }) => `${first}/${bits}=${formatIpv6(range.base)}`).join(","),
  ];
}

/** Whether a range has addresses that the numbers of a wider one would stand for. */
function hides({ range }: Region, wider: Region): boolean {
  const isWithin = range.prefixLength > wider.range.prefixLength && inCidr6(wider.range, range.base);
  return isWithin && range.base - wider.range.base < 2n ** BigInt(wider.bits);
}

/**
 * A cluster with the same Services in addresses that the C programs can have: those at the places of their numbers, of
 * the same ranges. The same cluster where it has such already, or is of IPv4.
 */
export function atOwnPlaces(cluster: Cluster): Cluster {
  const { network } = cluster;
  if (network.ipv6 === undefined || network.ipv6.isRegular) return cluster;
  return { ...cluster, network: { ...network, ipv6: new AddressPlan(network.ipv6.regions) } };
}

/** Settings of a host's IPv6, by value. Addresses are used at once, without asking whether another host has them. */
export function ipv6Settings(
  role: string,
  devices: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const off = [
    ...["all", "default", ...devices].map((device) => `ipv6/conf/${device}/accept_dad`),
    // A thousand refusals in a second are this lane's everyday life.
    "ipv6/icmp/ratelimit",
  ];
  return role === "node" ? { 0: off, 1: ["ipv6/conf/all/forwarding"] } : { 0: off };
}

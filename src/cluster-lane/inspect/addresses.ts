/** IPv4 ranges of Services, counted. */

import { parseAddress } from "../../cluster/cluster.js";

interface Range {
  readonly first: number;
  readonly size: number;
}

/** `10.96.0.0/12`; null for anything else, such as a range of IPv6. */
function parseRange(cidr: string): Range | null {
  const [address = "", prefix = ""] = cidr.split("/");
  const first = parseAddress(address);
  const bits = /^\d+$/.test(prefix) ? Number(prefix) : Number.NaN;
  return first === undefined || !(bits >= 0 && bits <= 32) ? null : { first, size: 2 ** (32 - bits) };
}

/**
 * Whether Services get addresses of IPv6 alone, as on EKS with IPv6; false where nothing says so.
 *
 * @param cidrs of the cluster's ServiceCIDR objects; none where they may not be read
 * @param used addresses of Services
 */
export function isIpv6Only(cidrs: readonly string[], used: readonly string[]): boolean {
  const known = cidrs.length > 0 ? cidrs : used.filter((address) => address !== "" && address !== "None");
  return known.length > 0 && known.every((text) => text.includes(":"));
}

/**
 * How many Services may still get an address.
 *
 * The API server gives out neither the first address of a range nor its last (pkg/registry/core/service/ipallocator,
 * cidrallocator.go of Kubernetes 1.36).
 *
 * @param cidrs of the cluster's ServiceCIDR objects
 * @param used addresses of Services
 */
export function countFreeAddresses(cidrs: readonly string[], used: readonly string[]): number {
  const ranges = cidrs.map(parseRange).filter((range) => range !== null);
  const taken = new Set(used.map(parseAddress).filter((address) => address !== undefined));
  return ranges.reduce((free, { first, size }) => {
    const inside = [...taken].filter((address) => address > first && address < first + size - 1).length;
    return free + Math.max(0, size - 2) - inside;
  }, 0);
}

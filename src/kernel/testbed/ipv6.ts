/** What testbeds of IPv6 have that those of IPv4 lack. */

import type { Network } from "../../cluster/cluster.js";
import { formatIpv6 } from "../../cluster/ipv6.js";
import { KernelError } from "./tools.js";

/**
 * What the C programs (native/address.h) are told about the numbers of a network; nothing in IPv4.
 *
 * @throws KernelError where single addresses have numbers of their own, of which they know nothing.
 */
export function ipv6Arguments({ ipv6 }: Pick<Network, "ipv6">): readonly string[] {
  if (ipv6 === undefined) return [];
  if (!ipv6.isRegular)
    throw new KernelError(
      "this lane measures IPv6 of generated clusters: addresses of this one lie too far apart; use the model lane",
    );
  const regions = ipv6.regions.map(({ range, first, bits }) => `${first}/${bits}=${formatIpv6(range.base)}`);
  return ["--ipv6", regions.join(",")];
}

/** Settings of a host's IPv6, by value. Addresses are used at once, without asking whether somebody has them. */
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

/** Of which family a packet is, which the kernel reads off the EtherType. */

import type { Network } from "../../cluster/cluster.js";

/** Set in a flow's protocol word where the packet is of IPv6: protocols have 8 bits. */
export const OF_IPV6 = 0x100;

/** What packets of a network have in the word of their protocol. */
export function familyFlag({ ipv6 }: Pick<Network, "ipv6">): number {
  return ipv6 === undefined ? 0 : OF_IPV6;
}

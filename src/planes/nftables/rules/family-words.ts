/** What nft calls a family's addresses and kube-proxy its table. */

import type { Network } from "../../../cluster/cluster.js";
import { familyOf } from "../../../cluster/family.js";

export interface FamilyWords {
  readonly table: string;
  /** In `ip daddr`, and `dnat ip to`. */
  readonly ip: string;
  readonly addressType: string;
  /** Where NodePorts don't answer though they do at every other local address. */
  readonly loopback: string;
}

const IPV4: FamilyWords = {
  table: "ip kube-proxy",
  ip: "ip",
  addressType: "ipv4_addr",
  loopback: "127.0.0.0/8",
};
const IPV6: FamilyWords = {
  table: "ip6 kube-proxy",
  ip: "ip6",
  addressType: "ipv6_addr",
  loopback: "::1",
};

/** Of a network's family: table, keyword, type and loopback range. */
export function familyWords(network: Pick<Network, "ipv6">): FamilyWords {
  return familyOf(network) === 4 ? IPV4 : IPV6;
}

/** Words that iptables-save and kube-proxy choose for the same rule (pkg/proxy/ipvs/proxier.go, writeIptablesRules). */

import { type Network, protocolName } from "../../../cluster/cluster.js";
import { addressText, familyOf, rangeText } from "../../../cluster/family.js";

/** What differs between the two. */
export interface RuleWords {
  /** Whether base chains, and the jumps from them, are written: kube-proxy only ensures that they exist, by other calls. */
  readonly hasHooks: boolean;
  /** kube-proxy's mark bit 14: the target that sets it, the one that clears it, and the match. */
  readonly setMark: string;
  readonly clearMark: string;
  readonly mark: string;
  /** A source and what else a rule matches, in their order. */
  readonly from: (source: string, match: string) => string;
  readonly reject: (network: Pick<Network, "ipv6">) => string;
  /** What the node sends from an address of its own to the virtual service there. */
  readonly toOwn: (network: Pick<Network, "ipv6">, service: VirtualAddress) => string;
}

export interface VirtualAddress {
  readonly address: number;
  readonly protocol: number;
  readonly port: number;
}

/** As iptables-save prints rules. */
export const SAVED: RuleWords = {
  hasHooks: true,
  setMark: "MARK --set-xmark 0x4000/0x4000",
  clearMark: "MARK --set-xmark 0x4000/0x0",
  mark: "0x4000/0x4000",
  from: (source, match) => `${source} ${match}`,
  reject: (network) => `REJECT --reject-with ${familyOf(network) === 6 ? "icmp6" : "icmp"}-port-unreachable`,
  toOwn: (network, { address, protocol, port }) => {
    const host = rangeText(network, { base: address, prefixLength: 32 });
    return `-s ${host} -m ipvs --vproto ${protocol} --vaddr ${addressText(network, address)} --vport ${port}`;
  },
};

/** As kube-proxy hands them over: masks as Go prints them, protocols by name, and no default spelt out. */
export const HANDED: RuleWords = {
  hasHooks: false,
  setMark: "MARK --or-mark 0x00004000",
  clearMark: "MARK --xor-mark 0x00004000",
  mark: "0x00004000/0x00004000",
  from: (source, match) => `${match} ${source}`,
  reject: () => "REJECT",
  toOwn: (network, { address, protocol, port }) => {
    const own = addressText(network, address);
    return `-s ${own} -m ipvs --vaddr ${own} --vproto ${protocolName(protocol)} --vport ${port}`;
  },
};

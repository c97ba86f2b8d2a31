/** Rules of kube-proxy's chains that are not understood, and the packets that may meet them. */

import type { Network } from "../../cluster/cluster.js";
import { addressText, rangeText } from "../../cluster/family.js";
import type { Omission, PacketTest } from "../../cluster/omissions.js";
import type { SavedRule } from "../../planes/iptables/rules/saved-rules.js";
import type { FoundPort } from "../assemble.js";

/** A rule that was not understood. */
export interface UnreadRule {
  /** Its kind, as the report says it. */
  readonly what: string;
  readonly rule: SavedRule | undefined;
  /** Whose chain it is in, where it is one service-port's. */
  readonly port: FoundPort | undefined;
  /** Whether it is in a table behind nat. */
  readonly isFilter: boolean;
}

/** The same with the packets that may meet them, by the service-port's addresses and the conditions that are understood. */
export function omittedRules(
  unread: readonly UnreadRule[],
  addresses: Pick<Network, "ipv6">,
): readonly Omission[] {
  return unread.map(({ what, rule, port, isFilter }) => {
    const own = rule === undefined ? {} : conditionsOf(rule, addresses);
    if (own === undefined) return { what, packets: [] };
    const tests =
      port === undefined ? [own] : frontendsOf(port, addresses).map((test) => ({ ...test, ...own }));
    return {
      what,
      packets: isFilter ? tests.map((test) => ({ ...test, translated: true as const })) : tests,
    };
  });
}

/** Conditions of a rule that are understood; undefined where no first packet of a connection fits. */
function conditionsOf(rule: SavedRule, addresses: Pick<Network, "ipv6">): PacketTest | undefined {
  if (rule.neverFirst) return undefined;
  return {
    ...(rule.src && { [rule.srcInvert ? "notSrc" : "src"]: rangeText(addresses, rule.src) }),
    ...(rule.dst && { dst: rangeText(addresses, rule.dst) }),
    ...(rule.protocol !== 0 && { protocol: rule.protocol }),
    ...(rule.dport > 0 && { dport: rule.dport }),
    ...(rule.addrtype === "dst-local" && { to: "node" as const }),
    ...(rule.addrtype === "src-local" && { from: "node" as const }),
    ...(rule.addrtype === "src-not-local" && { from: "elsewhere" as const }),
  };
}

/** What leads to a service-port's chains. */
function frontendsOf(
  { clusterIp, externals, nodePort, protocol, port }: FoundPort,
  addresses: Pick<Network, "ipv6">,
): PacketTest[] {
  const at = [...(clusterIp === undefined ? [] : [clusterIp]), ...externals.keys()];
  return [
    ...at.map((address) => ({ dst: addressText(addresses, address), protocol, dport: port })),
    ...(nodePort === 0 ? [] : [{ to: "node" as const, protocol, dport: nodePort }]),
  ];
}

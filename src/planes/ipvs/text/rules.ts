/** kube-proxy's rules with IPVS (pkg/proxy/ipvs/proxier.go, writeIptablesRules), in either choice of words. */

import { familyOf, rangeText } from "../../../cluster/family.js";
import { hasSourceRanges, ingressAddresses, ingressSources } from "../../shared/kube-proxy.js";
import type { IpvsProgram } from "../program.js";
import {
  type BitmapName,
  type HashSetName,
  ipv6SetName,
  SET_TYPES,
  type SetName,
} from "../tables/set-entries.js";
import type { RuleWords } from "./words.js";

/** kube-proxy's comments on rules that match a set (pkg/proxy/ipvs/ipset.go). */
const SET_COMMENTS: Partial<Record<SetName, string>> = {
  "KUBE-LOOP-BACK": "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose",
  "KUBE-CLUSTER-IP": "Kubernetes service cluster ip + port for masquerade purpose",
  "KUBE-EXTERNAL-IP": "Kubernetes service external ip + port for masquerade and filter purpose",
  "KUBE-EXTERNAL-IP-LOCAL": "Kubernetes service external ip + port with externalTrafficPolicy=local",
  "KUBE-LOAD-BALANCER": "Kubernetes service lb portal",
  "KUBE-LOAD-BALANCER-LOCAL": "Kubernetes service load balancer ip + port with externalTrafficPolicy=local",
  "KUBE-LOAD-BALANCER-FW": "Kubernetes service load balancer ip + port for load balancer with sourceRange",
  "KUBE-LOAD-BALANCER-SOURCE-IP":
    "Kubernetes service load balancer ip + port + source IP for packet filter purpose",
  "KUBE-LOAD-BALANCER-SOURCE-CIDR":
    "Kubernetes service load balancer ip + port + source cidr for packet filter purpose",
  "KUBE-NODE-PORT-TCP": "Kubernetes nodeport TCP port for masquerade purpose",
  "KUBE-NODE-PORT-LOCAL-TCP": "Kubernetes nodeport TCP port with externalTrafficPolicy=local",
  "KUBE-NODE-PORT-UDP": "Kubernetes nodeport UDP port for masquerade purpose",
  "KUBE-NODE-PORT-LOCAL-UDP": "Kubernetes nodeport UDP port with externalTrafficPolicy=local",
  "KUBE-NODE-PORT-SCTP-HASH": "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'",
  "KUBE-NODE-PORT-LOCAL-SCTP-HASH":
    "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
  "KUBE-HEALTH-CHECK-NODE-PORT": "Kubernetes health check node port",
};

/**
 * Both tables. The number of rules doesn't depend on the cluster's size, but for a rule a load-balancer address that source
 * ranges close to the node. Most rules whose set is empty aren't written. `hasPhysdev`: as for `ipvsIptablesRestore`.
 */
export function rulesText(program: IpvsProgram, words: RuleWords, hasPhysdev = true): string {
  const { cluster, settings } = program;
  const { network } = cluster;
  const isIpv6 = familyOf(network) === 6;
  const { hash, bitmap } = program.setEntries;
  const isEmpty = (set: SetName): boolean =>
    (set in hash ? hash[set as HashSetName] : bitmap[set as BitmapName]).length === 0;
  const comment = (set: SetName) => `-m comment --comment "${SET_COMMENTS[set]}"`;
  const directions = (set: SetName): string => {
    if (set in bitmap) return "dst";
    return SET_TYPES[set as HashSetName] === "hash:ip,port" ? "dst,dst" : "dst,dst,src";
  };
  const match = (set: SetName, which = directions(set)) =>
    `-m set --match-set ${isIpv6 ? ipv6SetName(set) : set} ${which}`;
  const rule = (chain: string, set: SetName, target: string, header = ""): string[] =>
    isEmpty(set) ? [] : [`-A ${chain} ${header}${comment(set)} ${match(set)} ${target}`];
  const bare = (set: SetName, target: string): string[] =>
    isEmpty(set) ? [] : [`-A KUBE-SERVICES ${match(set)} ${target}`];
  const hook = (chain: string, why: string, target: string): string[] =>
    words.hasHooks ? [`-A ${chain} -m comment --comment "${why}" -j ${target}`] : [];
  const baseChains = (...names: string[]) =>
    words.hasHooks ? names.map((name) => `:${name} ACCEPT [0:0]`) : [];
  const toClusterIp = (which?: string) => `${comment("KUBE-CLUSTER-IP")} ${match("KUBE-CLUSTER-IP", which)}`;
  const marked = (): string => {
    if (settings.masqueradeAll) return toClusterIp();
    // Without a pod range it is what comes from a cluster IP that is marked.
    if (!settings.podDetector) return toClusterIp("src,dst");
    return words.from(`! -s ${rangeText(network, network.podCidr)}`, toClusterIp());
  };
  const accept = (set: SetName): string[] => [
    ...rule(
      "KUBE-SERVICES",
      set,
      `${hasPhysdev ? "-m physdev ! --physdev-is-in " : ""}-m addrtype ! --src-type LOCAL -j ACCEPT`,
    ),
    ...rule("KUBE-SERVICES", set, "-m addrtype --dst-type LOCAL -j ACCEPT"),
  ];
  const returned = [
    "KUBE-LOAD-BALANCER",
    "KUBE-CLUSTER-IP",
    "KUBE-EXTERNAL-IP",
    "KUBE-EXTERNAL-IP-LOCAL",
    "KUBE-HEALTH-CHECK-NODE-PORT",
  ] as const;
  return `${[
    "*nat",
    ...baseChains("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    ...userChains(
      "KUBE-SERVICES",
      "KUBE-POSTROUTING",
      "KUBE-MARK-MASQ",
      "KUBE-NODE-PORT",
      "KUBE-LOAD-BALANCER",
    ),
    ...hook("PREROUTING", "kubernetes service portals", "KUBE-SERVICES"),
    ...hook("OUTPUT", "kubernetes service portals", "KUBE-SERVICES"),
    ...hook("POSTROUTING", "kubernetes postrouting rules", "KUBE-POSTROUTING"),
    `-A KUBE-MARK-MASQ -j ${words.setMark}`,
    `-A KUBE-SERVICES -s ${isIpv6 ? "::1/128" : "127.0.0.0/8"} -j RETURN`,
    ...rule("KUBE-SERVICES", "KUBE-LOAD-BALANCER", "-j KUBE-LOAD-BALANCER"),
    ...(isEmpty("KUBE-CLUSTER-IP") ? [] : [`-A KUBE-SERVICES ${marked()} -j KUBE-MARK-MASQ`]),
    ...rule("KUBE-SERVICES", "KUBE-EXTERNAL-IP", "-j KUBE-MARK-MASQ"),
    ...accept("KUBE-EXTERNAL-IP"),
    ...accept("KUBE-EXTERNAL-IP-LOCAL"),
    "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT",
    ...bare("KUBE-CLUSTER-IP", "-j ACCEPT"),
    ...bare("KUBE-LOAD-BALANCER", "-j ACCEPT"),
    ...rule("KUBE-LOAD-BALANCER", "KUBE-LOAD-BALANCER-LOCAL", "-j RETURN"),
    "-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ",
    ...(["TCP", "UDP"] as const).flatMap((protocol) => {
      const header = `-p ${protocol.toLowerCase()} `;
      return [
        ...rule("KUBE-NODE-PORT", `KUBE-NODE-PORT-LOCAL-${protocol}`, "-j RETURN", header),
        ...rule("KUBE-NODE-PORT", `KUBE-NODE-PORT-${protocol}`, "-j KUBE-MARK-MASQ", header),
      ];
    }),
    ...rule("KUBE-NODE-PORT", "KUBE-NODE-PORT-LOCAL-SCTP-HASH", "-j RETURN", "-p sctp "),
    ...rule("KUBE-NODE-PORT", "KUBE-NODE-PORT-SCTP-HASH", "-j KUBE-MARK-MASQ", "-p sctp "),
    ...rule("KUBE-POSTROUTING", "KUBE-LOOP-BACK", "-j MASQUERADE"),
    `-A KUBE-POSTROUTING -m mark ! --mark ${words.mark} -j RETURN`,
    `-A KUBE-POSTROUTING -j ${words.clearMark}`,
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    "COMMIT",
    "*filter",
    ...baseChains("INPUT", "FORWARD", "OUTPUT"),
    ...userChains(
      "KUBE-FORWARD",
      "KUBE-NODE-PORT",
      "KUBE-PROXY-FIREWALL",
      "KUBE-SOURCE-RANGES-FIREWALL",
      "KUBE-IPVS-FILTER",
      "KUBE-IPVS-OUT-FILTER",
    ),
    ...hook("INPUT", "kubernetes ipvs access filter", "KUBE-IPVS-FILTER"),
    ...hook("INPUT", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
    ...hook("INPUT", "kubernetes health check rules", "KUBE-NODE-PORT"),
    ...hook("FORWARD", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
    ...hook("FORWARD", "kubernetes forwarding rules", "KUBE-FORWARD"),
    ...hook("OUTPUT", "kubernetes ipvs access filter", "KUBE-IPVS-OUT-FILTER"),
    `-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${words.mark} -j ACCEPT`,
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `-A KUBE-NODE-PORT ${comment("KUBE-HEALTH-CHECK-NODE-PORT")} ${match("KUBE-HEALTH-CHECK-NODE-PORT")} -j ACCEPT`,
    ...rule("KUBE-PROXY-FIREWALL", "KUBE-LOAD-BALANCER-FW", "-j KUBE-SOURCE-RANGES-FIREWALL"),
    ...rule("KUBE-SOURCE-RANGES-FIREWALL", "KUBE-LOAD-BALANCER-SOURCE-CIDR", "-j RETURN"),
    ...rule("KUBE-SOURCE-RANGES-FIREWALL", "KUBE-LOAD-BALANCER-SOURCE-IP", "-j RETURN"),
    "-A KUBE-SOURCE-RANGES-FIREWALL -j DROP",
    ...closedToNode(program, words),
    ...returned.map((set) => `-A KUBE-IPVS-FILTER ${match(set)} -j RETURN`),
    `-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW ${match("KUBE-IPVS-IPS", "dst")} -j ${words.reject(network)}`,
    "COMMIT",
  ].join("\n")}\n`;
}

/**
 * Load-balancer addresses whose ranges leave out this node: what it sends there leaves with that address as its source,
 * because it is one of its own.
 */
function closedToNode({ cluster }: IpvsProgram, words: RuleWords): string[] {
  const rules: string[] = [];
  for (let p = 0; p < cluster.servicePorts; p++) {
    const s = cluster.service[p]!;
    if (!hasSourceRanges(cluster, s) || ingressSources(cluster, s).length > 0) continue;
    for (const address of ingressAddresses(cluster, s)) {
      const service = { address, protocol: cluster.protocol[p]!, port: cluster.port[p]! };
      rules.push(`-A KUBE-IPVS-OUT-FILTER ${words.toOwn(cluster.network, service)} -j DROP`);
    }
  }
  return rules;
}

const userChains = (...names: string[]) => names.map((name) => `:${name} - [0:0]`);

/** The program as text for ipvsadm, ipset and iptables-restore: what kube-proxy's IPVS mode programs, from the model's own columns. */

import { maskTo, type Network, protocolName, SCTP, TCP } from "../../cluster/cluster.js";
import {
  addressText,
  endpointText,
  FAMILIES,
  familyOf,
  rangeText,
  socketText,
} from "../../cluster/family.js";
import { hasSourceRanges, ingressAddresses, ingressSources } from "../shared/kube-proxy.js";
import { TextSink } from "../shared/text-sink.js";
import type { IpvsProgram } from "./program.js";
import {
  BITMAP_NAMES,
  type BitmapName,
  HASH_SET_NAMES,
  HASH_SETS,
  type HashSetName,
  ipv6SetName,
} from "./tables/set-entries.js";
import { isServer } from "./tables/virtual-services.js";

/**
 * Text for `ipvsadm -R` (--restore), in the order in which kube-proxy creates virtual services and servers. It holds no
 * name. Masquerade, source ranges and rejects are not IPVS's: see `ipsetRestore` and `ipvsIptablesRestore`.
 */
export function ipvsadmRestore(program: IpvsProgram): Iterable<string> {
  const { cluster, virtualServices: rows, scheduler } = program;
  const text = new TextSink();
  for (let v = 0; v < rows.count; v++) {
    const p = rows.servicePort[v]!;
    const frontend = frontendOptions(
      cluster.network,
      cluster.protocol[p]!,
      rows.address[v]! >>> 0,
      rows.port[v]!,
    );
    const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
    // kube-proxy sets flag 0x10, "hash the source port too", where the scheduler is mh (pkg/proxy/ipvs/util).
    const flags = scheduler === "mh" ? " -b mh-port" : "";
    text.line(`-A ${frontend} -s ${scheduler}${flags}${seconds > 0 ? ` -p ${seconds}` : ""}`);
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (!isServer(rows, v, cluster, e)) continue;
      text.line(`-a ${frontend} -r ${endpointText(cluster, e)} -m -w ${program.weightOf(e)}`);
    }
  }
  return text.chunks();
}

/** A virtual service in ipvsadm's words. */
export function frontendOptions(
  network: Pick<Network, "ipv6">,
  protocol: number,
  address: number,
  port: number,
): string {
  const option = protocol === TCP ? "-t" : protocol === SCTP ? "--sctp-service" : "-u";
  return `${option} ${socketText(network, address, port)}`;
}

const SET_TYPES = {
  "KUBE-LOOP-BACK": "hash:ip,port,ip",
  "KUBE-CLUSTER-IP": "hash:ip,port",
  "KUBE-EXTERNAL-IP": "hash:ip,port",
  "KUBE-EXTERNAL-IP-LOCAL": "hash:ip,port",
  "KUBE-LOAD-BALANCER": "hash:ip,port",
  "KUBE-LOAD-BALANCER-LOCAL": "hash:ip,port",
  "KUBE-LOAD-BALANCER-FW": "hash:ip,port",
  "KUBE-LOAD-BALANCER-SOURCE-CIDR": "hash:ip,port,net",
  "KUBE-LOAD-BALANCER-SOURCE-IP": "hash:ip,port,ip",
  "KUBE-NODE-PORT-SCTP-HASH": "hash:ip,port",
  "KUBE-NODE-PORT-LOCAL-SCTP-HASH": "hash:ip,port",
  "KUBE-IPVS-IPS": "hash:ip",
} as const satisfies Record<HashSetName, string>;

/**
 * Text for `ipset restore`: kube-proxy's sets and their elements (pkg/proxy/ipvs/ipset.go), of one family or both. It makes the
 * sets of the other family too, whether a Service has it or not.
 */
export function ipsetRestore(...programs: readonly IpvsProgram[]): Iterable<string> {
  const text = new TextSink();
  for (const family of FAMILIES) {
    const program = programs.find(({ cluster }) => familyOf(cluster.network) === family);
    const nameOf = (name: SetName) => (family === 4 ? name : ipv6SetName(name));
    for (const name of HASH_SET_NAMES) {
      const own = nameOf(name);
      const type = `family ${family === 4 ? "inet" : "inet6"}`;
      text.line(`create ${own} ${SET_TYPES[name]} ${type} hashsize 1024 maxelem 65536`);
      for (const element of program ? elementsOf(program, name) : []) text.line(`add ${own} ${element}`);
    }
    for (const name of BITMAP_NAMES) {
      text.line(`create ${nameOf(name)} bitmap:port range 0-65535`);
      const ports = new Set(program?.setEntries.bitmap[name].view());
      for (const port of ports) text.line(`add ${nameOf(name)} ${port}`);
    }
  }
  return text.chunks();
}

function elementsOf({ cluster, setEntries }: IpvsProgram, name: HashSetName): ReadonlySet<string> {
  const words = setEntries.hash[name].view();
  const elements = new Set<string>();
  for (let at = 0; at < words.length; at += HASH_SETS[name]) {
    for (const element of describeElement(cluster.network, name, words, at)) elements.add(element);
  }
  return elements;
}

/** An element as ipset writes it, or its two halves: ipset holds no /0. The columns are those of `listSetEntries`. */
function describeElement(
  network: Pick<Network, "ipv6">,
  name: HashSetName,
  words: Int32Array,
  at: number,
): string[] {
  const address = addressText(network, words[at]! >>> 0);
  if (name === "KUBE-IPVS-IPS") return [address];
  const isNetwork = name === "KUBE-LOAD-BALANCER-SOURCE-CIDR";
  const key = words[at + (isNetwork ? 2 : 1)]!;
  const frontend = `${address},${protocolName((key >>> 16) & 0xff)}:${key & 0xffff}`;
  if (isNetwork) {
    const prefixLength = (key >>> 24) & 0xff;
    if (prefixLength === 0) {
      const [lower, upper] = familyOf(network) === 4 ? ["0.0.0.0", "128.0.0.0"] : ["::", "8000::"];
      return [`${frontend},${lower}/1`, `${frontend},${upper}/1`];
    }
    const base = maskTo(words[at + 1]! >>> 0, prefixLength);
    return [`${frontend},${rangeText(network, { base, prefixLength })}`];
  }
  if (SET_TYPES[name] !== "hash:ip,port,ip") return [frontend];
  return [`${frontend},${addressText(network, words[at + 2]! >>> 0)}`];
}

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
type SetName = HashSetName | BitmapName;

/**
 * Text for iptables-restore: kube-proxy's rules with IPVS (proxier.go, writeIptablesRules), whose number doesn't depend on
 * the cluster's size, but for a rule a load-balancer address that source ranges close to the node. Most rules whose set is
 * empty aren't written. `hasPhysdev`: whether the kernel has xt_physdev (br_netfilter), which tells bridged packets apart.
 */
export function ipvsIptablesRestore(program: IpvsProgram, hasPhysdev = true): string {
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
  const match = (set: SetName) => `-m set --match-set ${isIpv6 ? ipv6SetName(set) : set} ${directions(set)}`;
  const rule = (chain: string, set: SetName, target: string, header = ""): string[] =>
    isEmpty(set) ? [] : [`-A ${chain} ${header}${comment(set)} ${match(set)} ${target}`];
  const bare = (set: SetName, target: string): string[] =>
    isEmpty(set) ? [] : [`-A KUBE-SERVICES ${match(set)} ${target}`];
  const hook = (chain: string, words: string, target: string) =>
    `-A ${chain} -m comment --comment "${words}" -j ${target}`;
  const pods =
    settings.masqueradeAll || !settings.podDetector ? "" : `! -s ${rangeText(network, network.podCidr)} `;
  // Without a pod range it is what comes from a cluster IP that is marked.
  const isOfSource = !settings.masqueradeAll && !settings.podDetector;
  const toClusterIps = rule("KUBE-SERVICES", "KUBE-CLUSTER-IP", "-j KUBE-MARK-MASQ", pods).map((line) =>
    isOfSource ? line.replace(" dst,dst ", " src,dst ") : line,
  );
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
    ...chains("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    ...userChains(
      "KUBE-SERVICES",
      "KUBE-POSTROUTING",
      "KUBE-MARK-MASQ",
      "KUBE-NODE-PORT",
      "KUBE-LOAD-BALANCER",
    ),
    hook("PREROUTING", "kubernetes service portals", "KUBE-SERVICES"),
    hook("OUTPUT", "kubernetes service portals", "KUBE-SERVICES"),
    hook("POSTROUTING", "kubernetes postrouting rules", "KUBE-POSTROUTING"),
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    `-A KUBE-SERVICES -s ${isIpv6 ? "::1/128" : "127.0.0.0/8"} -j RETURN`,
    ...rule("KUBE-SERVICES", "KUBE-LOAD-BALANCER", "-j KUBE-LOAD-BALANCER"),
    ...toClusterIps,
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
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    "COMMIT",
    "*filter",
    ...chains("INPUT", "FORWARD", "OUTPUT"),
    ...userChains(
      "KUBE-FORWARD",
      "KUBE-NODE-PORT",
      "KUBE-PROXY-FIREWALL",
      "KUBE-SOURCE-RANGES-FIREWALL",
      "KUBE-IPVS-FILTER",
      "KUBE-IPVS-OUT-FILTER",
    ),
    hook("INPUT", "kubernetes ipvs access filter", "KUBE-IPVS-FILTER"),
    hook("INPUT", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
    hook("INPUT", "kubernetes health check rules", "KUBE-NODE-PORT"),
    hook("FORWARD", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
    hook("FORWARD", "kubernetes forwarding rules", "KUBE-FORWARD"),
    hook("OUTPUT", "kubernetes ipvs access filter", "KUBE-IPVS-OUT-FILTER"),
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `-A KUBE-NODE-PORT ${comment("KUBE-HEALTH-CHECK-NODE-PORT")} ${match("KUBE-HEALTH-CHECK-NODE-PORT")} -j ACCEPT`,
    ...rule("KUBE-PROXY-FIREWALL", "KUBE-LOAD-BALANCER-FW", "-j KUBE-SOURCE-RANGES-FIREWALL"),
    ...rule("KUBE-SOURCE-RANGES-FIREWALL", "KUBE-LOAD-BALANCER-SOURCE-CIDR", "-j RETURN"),
    ...rule("KUBE-SOURCE-RANGES-FIREWALL", "KUBE-LOAD-BALANCER-SOURCE-IP", "-j RETURN"),
    "-A KUBE-SOURCE-RANGES-FIREWALL -j DROP",
    ...closedToNode(program),
    ...returned.map((set) => `-A KUBE-IPVS-FILTER ${match(set)} -j RETURN`),
    `-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set ${isIpv6 ? "KUBE-6-IPVS-IPS" : "KUBE-IPVS-IPS"} dst -j REJECT --reject-with ${isIpv6 ? "icmp6" : "icmp"}-port-unreachable`,
    "COMMIT",
  ].join("\n")}\n`;
}

/**
 * Load-balancer addresses whose ranges leave out this node, in the words of iptables-save: what it sends there leaves with that address as its source,
 * because it is one of its own.
 */
function closedToNode({ cluster }: IpvsProgram): string[] {
  const rules: string[] = [];
  for (let p = 0; p < cluster.servicePorts; p++) {
    const s = cluster.service[p]!;
    if (!hasSourceRanges(cluster, s) || ingressSources(cluster, s).length > 0) continue;
    const protocol = cluster.protocol[p]!;
    for (const address of ingressAddresses(cluster, s)) {
      const text = addressText(cluster.network, address);
      const host = rangeText(cluster.network, { base: address, prefixLength: 32 });
      rules.push(
        `-A KUBE-IPVS-OUT-FILTER -s ${host} -m ipvs --vproto ${protocol} --vaddr ${text} --vport ${cluster.port[p]} -j DROP`,
      );
    }
  }
  return rules;
}

const chains = (...names: string[]) => names.map((name) => `:${name} ACCEPT [0:0]`);
const userChains = (...names: string[]) => names.map((name) => `:${name} - [0:0]`);

/** The program as text for ipvsadm, ipset and iptables-restore: what kube-proxy's IPVS mode programs, from the model's own columns. */

import { formatAddress, formatCidr, maskTo, protocolName, SCTP, TCP } from "../../cluster/cluster.js";
import { TextSink } from "../shared/text-sink.js";
import type { IpvsProgram } from "./program.js";
import { HASH_SET_NAMES, HASH_SETS, type HashSetName } from "./set-entries.js";

/**
 * Text for `ipvsadm -R` (--restore), in the order in which kube-proxy creates virtual services and servers. It holds no
 * name. Masquerade, source ranges and rejects are not IPVS's: see `ipsetRestore` and `ipvsIptablesRestore`.
 */
export function ipvsadmRestore(program: IpvsProgram): Iterable<string> {
  const { cluster, virtualServices: rows, scheduler } = program;
  const text = new TextSink();
  for (let v = 0; v < rows.count; v++) {
    const p = rows.servicePort[v]!;
    const frontend = frontendOptions(cluster.protocol[p]!, rows.address[v]! >>> 0, rows.port[v]!);
    const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
    // kube-proxy sets flag 0x10, "hash the source port too", where the scheduler is mh (pkg/proxy/ipvs/util).
    const flags = scheduler === "mh" ? " -b mh-port" : "";
    text.line(`-A ${frontend} -s ${scheduler}${flags}${seconds > 0 ? ` -p ${seconds}` : ""}`);
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (rows.localOnly[v] === 1 && cluster.endpointLocal[e] !== 1) continue;
      const server = `${formatAddress(cluster.endpointAddress[e]!)}:${cluster.endpointPort[e]}`;
      text.line(`-a ${frontend} -r ${server} -m -w ${program.weightOf(e)}`);
    }
  }
  return text.chunks();
}

/** A virtual service in ipvsadm's words. */
export function frontendOptions(protocol: number, address: number, port: number): string {
  const option = protocol === TCP ? "-t" : protocol === SCTP ? "--sctp-service" : "-u";
  return `${option} ${formatAddress(address)}:${port}`;
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
  "KUBE-NODE-PORT-SCTP-HASH": "hash:ip,port",
  "KUBE-NODE-PORT-LOCAL-SCTP-HASH": "hash:ip,port",
  "KUBE-IPVS-IPS": "hash:ip",
} as const satisfies Record<HashSetName, string>;

/** Text for `ipset restore`: kube-proxy's sets and their elements (pkg/proxy/ipvs/ipset.go). */
export function ipsetRestore(program: IpvsProgram): Iterable<string> {
  const text = new TextSink();
  const { hash, bitmap } = program.setEntries;
  for (const name of HASH_SET_NAMES) {
    text.line(`create ${name} ${SET_TYPES[name]} family inet hashsize 1024 maxelem 65536`);
    const words = hash[name].view();
    const seen = new Set<string>();
    for (let at = 0; at < words.length; at += HASH_SETS[name]) {
      for (const element of describeElement(name, words, at)) {
        if (!seen.has(element)) text.line(`add ${name} ${element}`);
        seen.add(element);
      }
    }
  }
  for (const [name, ports] of Object.entries(bitmap)) {
    text.line(`create ${name} bitmap:port range 0-65535`);
    for (const port of new Set(ports.view())) text.line(`add ${name} ${port}`);
  }
  return text.chunks();
}

/** An element as ipset writes it, or its two halves: ipset holds no /0. The columns are those of `listSetEntries`. */
function describeElement(name: HashSetName, words: Int32Array, at: number): string[] {
  const address = formatAddress(words[at]! >>> 0);
  if (name === "KUBE-IPVS-IPS") return [address];
  const isNetwork = name === "KUBE-LOAD-BALANCER-SOURCE-CIDR";
  const key = words[at + (isNetwork ? 2 : 1)]!;
  const frontend = `${address},${protocolName((key >>> 16) & 0xff)}:${key & 0xffff}`;
  if (isNetwork) {
    const prefixLength = (key >>> 24) & 0xff;
    if (prefixLength === 0) return [`${frontend},0.0.0.0/1`, `${frontend},128.0.0.0/1`];
    const base = maskTo(words[at + 1]! >>> 0, prefixLength);
    return [`${frontend},${formatCidr({ base, prefixLength })}`];
  }
  return [name === "KUBE-LOOP-BACK" ? `${frontend},${formatAddress(words[at + 2]! >>> 0)}` : frontend];
}

/**
 * Text for iptables-restore: kube-proxy's rules beside IPVS (proxier.go, writeIptablesRules), whose number doesn't depend
 * on the cluster. A rule whose set is empty isn't written. Left out: `-m physdev`, which needs br_netfilter and only tells
 * bridged packets, that are none of a routed pod network's, from others.
 */
export function ipvsIptablesRestore(program: IpvsProgram): string {
  const { hash, bitmap } = program.setEntries;
  const isEmpty = (set: string) =>
    (({ ...hash, ...bitmap }) as Record<string, { length: number }>)[set]!.length === 0;
  const match = (chain: string, set: string, directions: string, rest: string): string[] =>
    isEmpty(set) ? [] : [`-A ${chain} -m set --match-set ${set} ${directions} ${rest}`];
  const services = (set: string, rest: string) => match("KUBE-SERVICES", set, "dst,dst", rest);
  const pods = formatCidr(program.cluster.network.podCidr);
  const nodePort = (protocol: string, set: string, target: string): string[] =>
    isEmpty(set)
      ? []
      : [
          `-A KUBE-NODE-PORT -p ${protocol} -m set --match-set ${set} ${protocol === "sctp" ? "dst,dst" : "dst"} -j ${target}`,
        ];
  const knownSets = ["KUBE-LOAD-BALANCER", "KUBE-CLUSTER-IP", "KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL"];
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
    "-A PREROUTING -j KUBE-SERVICES",
    "-A OUTPUT -j KUBE-SERVICES",
    "-A POSTROUTING -j KUBE-POSTROUTING",
    "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    "-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN",
    ...services("KUBE-LOAD-BALANCER", "-j KUBE-LOAD-BALANCER"),
    `-A KUBE-SERVICES ! -s ${pods} -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ`,
    ...services("KUBE-EXTERNAL-IP", "-j KUBE-MARK-MASQ"),
    ...["KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL"].flatMap((set) => [
      ...services(set, "-m addrtype ! --src-type LOCAL -j ACCEPT"),
      ...services(set, "-m addrtype --dst-type LOCAL -j ACCEPT"),
    ]),
    "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT",
    ...services("KUBE-CLUSTER-IP", "-j ACCEPT"),
    ...services("KUBE-LOAD-BALANCER", "-j ACCEPT"),
    ...match("KUBE-LOAD-BALANCER", "KUBE-LOAD-BALANCER-LOCAL", "dst,dst", "-j RETURN"),
    "-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ",
    ...["TCP", "UDP"].flatMap((protocol) => [
      ...nodePort(protocol.toLowerCase(), `KUBE-NODE-PORT-LOCAL-${protocol}`, "RETURN"),
      ...nodePort(protocol.toLowerCase(), `KUBE-NODE-PORT-${protocol}`, "KUBE-MARK-MASQ"),
    ]),
    ...nodePort("sctp", "KUBE-NODE-PORT-LOCAL-SCTP-HASH", "RETURN"),
    ...nodePort("sctp", "KUBE-NODE-PORT-SCTP-HASH", "KUBE-MARK-MASQ"),
    ...match("KUBE-POSTROUTING", "KUBE-LOOP-BACK", "dst,dst,src", "-j MASQUERADE"),
    "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
    "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
    "-A KUBE-POSTROUTING -j MASQUERADE --random-fully",
    "COMMIT",
    "*filter",
    ...chains("INPUT", "FORWARD", "OUTPUT"),
    ...userChains(
      "KUBE-FORWARD",
      "KUBE-PROXY-FIREWALL",
      "KUBE-SOURCE-RANGES-FIREWALL",
      "KUBE-IPVS-FILTER",
      "KUBE-IPVS-OUT-FILTER",
    ),
    "-A INPUT -j KUBE-IPVS-FILTER",
    "-A INPUT -j KUBE-PROXY-FIREWALL",
    "-A FORWARD -j KUBE-FORWARD",
    "-A FORWARD -j KUBE-PROXY-FIREWALL",
    "-A OUTPUT -j KUBE-IPVS-OUT-FILTER",
    "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
    "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT",
    "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ...match("KUBE-PROXY-FIREWALL", "KUBE-LOAD-BALANCER-FW", "dst,dst", "-j KUBE-SOURCE-RANGES-FIREWALL"),
    ...match("KUBE-SOURCE-RANGES-FIREWALL", "KUBE-LOAD-BALANCER-SOURCE-CIDR", "dst,dst,src", "-j RETURN"),
    "-A KUBE-SOURCE-RANGES-FIREWALL -j DROP",
    ...knownSets.flatMap((set) => match("KUBE-IPVS-FILTER", set, "dst,dst", "-j RETURN")),
    "-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT",
    "COMMIT",
  ].join("\n")}\n`;
}

const chains = (...names: string[]) => names.map((name) => `:${name} ACCEPT [0:0]`);
const userChains = (...names: string[]) => names.map((name) => `:${name} - [0:0]`);

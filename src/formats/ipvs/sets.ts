/** `ipset save` of a node in IPVS mode: kube-proxy's sets say what each address is, and what is local (pkg/proxy/ipvs/ipset.go). */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { type Cidr, SCTP, TCP, UDP } from "../../cluster/cluster.js";
import { type Cidr6, parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import type { Omission, PacketTest } from "../../cluster/omissions.js";
import { parseRawAddress } from "../../cluster/raw-addresses.js";
import { BITMAP_NAMES, HASH_SET_NAMES, ipv6SetName } from "../../planes/ipvs/tables/set-entries.js";
import { readAddress, readRange } from "../families.js";
import { lines } from "../iptables/save.js";

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP };

/** `address protocol port` of an entry `10.96.0.10,udp:53`. */
type Frontend = string;

export interface SavedKubeSets {
  readonly clusterIps: ReadonlySet<Frontend>;
  readonly loadBalancers: ReadonlySet<Frontend>;
  readonly externalIps: ReadonlySet<Frontend>;
  /** Of load balancers and external IPs: policy Local. */
  readonly externalLocal: ReadonlySet<Frontend>;
  /** `protocol port`. */
  readonly nodePorts: ReadonlySet<string>;
  readonly nodePortsLocal: ReadonlySet<string>;
  readonly healthCheckPorts: readonly number[];
  /** Whether a set KUBE-IPVS-IPS is made, empty or not. */
  readonly hasIpvsIps: boolean;
  /** `address port` of endpoints on this node. */
  readonly localEndpoints: ReadonlySet<string>;
  readonly ranges: ReadonlyMap<Frontend, readonly Cidr[]>;
  /** Entries of kube-proxy's sets that are not understood, by kind, with the packets that may meet them. */
  readonly notUnderstood: readonly Omission[];
  /** Entries of sets that are not kube-proxy's. */
  readonly others: number;
}

/** The sets of IPv6 by name, and those of IPv4 that they are the same as. */
const OF_IPV6: ReadonlyMap<string, string> = new Map(
  [...HASH_SET_NAMES, ...BITMAP_NAMES].map((name) => [ipv6SetName(name), name]),
);

/** What the sets of IPv6 say of its addresses, before there are numbers for them. */
export interface SavedIpv6 {
  readonly clusterIps: ReadonlySet<bigint>;
  /** Endpoints on this node. */
  readonly pods: readonly bigint[];
  readonly sourceRanges: readonly Cidr6[];
}

/** Addresses and ranges in the sets of IPv6. */
export function ipv6OfSets(text: string): SavedIpv6 {
  const clusterIps = new Set<bigint>();
  const pods: bigint[] = [];
  const sourceRanges: Cidr6[] = [];
  for (const raw of lines(text)) {
    const [verb, name = "", entry = ""] = raw.trim().split(" ", 3);
    const set = verb === "add" ? OF_IPV6.get(name) : undefined;
    if (set === undefined) continue;
    const [first = "", , third = ""] = entry.split(",");
    const address = parseIpv6(first);
    if (set === "KUBE-CLUSTER-IP" && address !== undefined) clusterIps.add(address);
    if (set === "KUBE-LOOP-BACK" && address !== undefined) pods.push(address);
    if (set === "KUBE-LOAD-BALANCER-SOURCE-CIDR")
      sourceRanges.push(...[parseCidr6(third)].flatMap((range) => range ?? []));
  }
  return { clusterIps, pods, sourceRanges };
}

/** Key of a frontend in the sets. */
export function setEntryKey(address: number, protocol: number, port: number): Frontend {
  return `${address} ${protocol} ${port}`;
}

/** Reads the sets of one family in `ipset save`, of IPv6 with a plan. What is not understood is counted. */
export function parseIpset(text: string, plan?: AddressPlan): SavedKubeSets {
  const frontends = {
    "KUBE-CLUSTER-IP": new Set<Frontend>(),
    "KUBE-LOAD-BALANCER": new Set<Frontend>(),
    "KUBE-EXTERNAL-IP": new Set<Frontend>(),
    "KUBE-LOAD-BALANCER-LOCAL": new Set<Frontend>(),
    "KUBE-EXTERNAL-IP-LOCAL": new Set<Frontend>(),
  } as const;
  const nodePorts = new Set<string>();
  const nodePortsLocal = new Set<string>();
  const healthCheckPorts: number[] = [];
  const localEndpoints = new Set<string>();
  const ranges = new Map<Frontend, Cidr[]>();
  const notUnderstood: Omission[] = [];
  let others = 0;
  let hasIpvsIps = false;
  const byName: Readonly<Record<string, Set<Frontend>>> = frontends;
  for (const raw of lines(text)) {
    const [verb, name = "", entry = ""] = raw.trim().split(" ", 3);
    const isIpv6 = name.startsWith("KUBE-6-");
    const set = plan ? (OF_IPV6.get(name) ?? name) : name;
    hasIpvsIps ||= set === "KUBE-IPVS-IPS";
    if (verb !== "add") continue;
    if (!set.startsWith("KUBE-")) others++;
    else if (isIpv6 !== (plan !== undefined)) continue;
    else if (IGNORED.includes(set)) continue;
    else if (!read(set, entry)) notUnderstood.push({ what: set, packets: [packetOf(set, entry)] });
  }
  return {
    clusterIps: frontends["KUBE-CLUSTER-IP"],
    loadBalancers: frontends["KUBE-LOAD-BALANCER"],
    externalIps: new Set([...frontends["KUBE-EXTERNAL-IP"], ...frontends["KUBE-EXTERNAL-IP-LOCAL"]]),
    externalLocal: new Set([
      ...frontends["KUBE-LOAD-BALANCER-LOCAL"],
      ...frontends["KUBE-EXTERNAL-IP-LOCAL"],
    ]),
    nodePorts,
    nodePortsLocal,
    healthCheckPorts,
    hasIpvsIps,
    localEndpoints,
    ranges,
    notUnderstood,
    others,
  };

  /** Whether an entry was understood. */
  function read(set: string, entry: string): boolean {
    const nodePort = /^KUBE-NODE-PORT-(LOCAL-)?(TCP|UDP|SCTP-HASH)$/.exec(set);
    const [address = "", service = "", third = ""] = entry.split(",");
    const at = readAddress(address, plan);
    const [protocolName = "", portText = ""] = service.split(":");
    const protocol = PROTOCOLS[protocolName];
    const isBitmap = (nodePort && !set.endsWith("HASH")) || set === "KUBE-HEALTH-CHECK-NODE-PORT";
    const port = portOf(isBitmap ? entry : portText);
    if (port === undefined) return false;
    if (nodePort) {
      const own = PROTOCOLS[nodePort[2]!.slice(0, 4).replace("-", "").toLowerCase()];
      (nodePort[1] === undefined ? nodePorts : nodePortsLocal).add(`${own} ${port}`);
      return true;
    }
    if (set === "KUBE-HEALTH-CHECK-NODE-PORT") {
      healthCheckPorts.push(port);
      return true;
    }
    if (at === undefined || protocol === undefined) return false;
    const key = setEntryKey(at, protocol, port);
    const known = byName[set];
    if (known) {
      known.add(key);
      return third === "";
    }
    if (set === "KUBE-LOOP-BACK") {
      localEndpoints.add(`${at} ${port}`);
      return true;
    }
    if (set !== "KUBE-LOAD-BALANCER-SOURCE-CIDR" && set !== "KUBE-LOAD-BALANCER-SOURCE-IP") return false;
    const range = readRange(third, plan);
    if (!range) return false;
    ranges.set(key, [...(ranges.get(key) ?? []), range]);
    return true;
  }
}

/** What is understood of an entry that is not: `10.96.0.10,tcp:http`, or a port of the node. */
function packetOf(set: string, entry: string): PacketTest {
  const nodePort = /^KUBE-NODE-PORT-(?:LOCAL-)?(TCP|UDP|SCTP)/.exec(set)?.[1];
  if (nodePort !== undefined) return { to: "node", protocol: PROTOCOLS[nodePort.toLowerCase()]! };
  if (set === "KUBE-HEALTH-CHECK-NODE-PORT") return { to: "node", protocol: TCP };
  const [address = "", service = ""] = entry.split(",");
  const [name = "", portText = ""] = service.split(":");
  const protocol = PROTOCOLS[name];
  const dport = portOf(portText);
  // Endpoints of this node, which reach themselves through their Service.
  if (set === "KUBE-LOOP-BACK") return parseRawAddress(address) === undefined ? {} : { src: address };
  return {
    ...(parseRawAddress(address) !== undefined && { dst: address }),
    ...(protocol !== undefined && { protocol }),
    ...(dport !== undefined && { dport }),
  };
}

/** Sets that say nothing the others do not. */
const IGNORED: readonly string[] = ["KUBE-IPVS-IPS", "KUBE-LOAD-BALANCER-FW"];

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** `ipset save` of a node in IPVS mode: kube-proxy's sets say what each address is, and what is local (pkg/proxy/ipvs/ipset.go). */

import { type Cidr, parseAddress, parseCidr, SCTP, TCP, UDP } from "../../cluster/cluster.js";
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
  /** Entries of kube-proxy's sets that are not understood, by kind. */
  readonly notUnderstood: readonly string[];
  /** Entries of sets that are not kube-proxy's. */
  readonly others: number;
  readonly ipv6: number;
}

/** Key of a frontend in the sets. */
export function setEntryKey(address: number, protocol: number, port: number): Frontend {
  return `${address} ${protocol} ${port}`;
}

/** Reads `ipset save`. What is not understood is counted. */
export function parseIpset(text: string): SavedKubeSets {
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
  const notUnderstood: string[] = [];
  let others = 0;
  let ipv6 = 0;
  let hasIpvsIps = false;
  const byName: Readonly<Record<string, Set<Frontend>>> = frontends;
  for (const raw of lines(text)) {
    const [verb, set = "", entry = ""] = raw.trim().split(" ", 3);
    hasIpvsIps ||= set === "KUBE-IPVS-IPS";
    if (verb !== "add") continue;
    if (!set.startsWith("KUBE-")) others++;
    else if (set.startsWith("KUBE-6-")) ipv6++;
    else if (IGNORED.includes(set)) continue;
    else if (!read(set, entry)) notUnderstood.push(set);
  }
  return {
    clusterIps: frontends["KUBE-CLUSTER-IP"],
    loadBalancers: frontends["KUBE-LOAD-BALANCER"],
    externalIps: frontends["KUBE-EXTERNAL-IP"],
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
    ipv6,
  };

  /** Whether an entry was understood. */
  function read(set: string, entry: string): boolean {
    const nodePort = /^KUBE-NODE-PORT-(LOCAL-)?(TCP|UDP|SCTP-HASH)$/.exec(set);
    const [address = "", service = "", third = ""] = entry.split(",");
    const at = parseAddress(address);
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
    const range = parseCidr(third.includes("/") ? third : `${third}/32`);
    if (!range) return false;
    ranges.set(key, [...(ranges.get(key) ?? []), range]);
    return true;
  }
}

/** Sets that say nothing the others do not. */
const IGNORED: readonly string[] = ["KUBE-IPVS-IPS", "KUBE-LOAD-BALANCER-FW"];

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

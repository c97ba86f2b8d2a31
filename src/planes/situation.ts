/** What a flow meets in a cluster, in the words of the decision contract. Knows no plane. */

import {
  type Cluster,
  inCidr,
  isExternalIp,
  isIngressIp,
  LOCAL,
  maskTo,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../cluster/cluster.js";
import { inServiceRanges } from "../cluster/service-ranges.js";

export interface Situation {
  /** What the destination is; `wrong-port` covers an unanswered port or protocol at a known address. */
  destination:
    | "cluster-ip"
    | "external"
    | "node-port"
    | "loopback-node-port"
    | "loopback"
    | "cluster-ip-wrong-port"
    | "external-wrong-port"
    | "unallocated"
    | "elsewhere";
  /** The service-port that answers; -1 for none. */
  servicePort: number;
  /** A NodePort is asked for at the node's first address. */
  isPrimaryAddress: boolean;
  source: "pod" | "node" | "outside";
  sourceAddress: number;
  destinationAddress: number;
  /** The service answers at other addresses than its cluster IP too. */
  isExposed: boolean;
  /** One of them is its own: an external IP or a load balancer's. */
  hasExternalAddress: boolean;
  count: number;
  localCount: number;
  /** Those of `localCount` that policy Cluster sends to as well. */
  readyLocalCount: number;
  internalLocal: boolean;
  externalLocal: boolean;
  /** The address has source ranges and the source is in none of them. */
  outOfRange: boolean;
  /** The destination is an address of a load balancer. */
  isIngress: boolean;
  /** The destination is among a Service's externalIPs; it may be both. */
  isExternalIp: boolean;
  /** An external address of a service with source ranges, none of which holds the source: a load balancer's or not. */
  outsideServiceRanges: boolean;
}

/** Answers which situation a flow is in, from an index built once. */
export class Situations {
  readonly #cluster: Cluster;
  /** Address → (protocol << 16 | port) → service-port. */
  readonly #clusterIps = new Map<number, Map<number, number>>();
  readonly #externals = new Map<number, Map<number, number>>();
  readonly #ingress = new Set<number>();
  readonly #externalIps = new Set<number>();
  readonly #nodePorts = new Map<number, number>();
  /** Endpoints of policies Cluster and Local. */
  readonly #counts: Uint32Array;
  readonly #localCounts: Uint32Array;
  readonly #readyLocalCounts: Uint32Array;
  readonly #situation: Situation = {
    destination: "elsewhere",
    servicePort: -1,
    isPrimaryAddress: false,
    source: "pod",
    sourceAddress: 0,
    destinationAddress: 0,
    isExposed: false,
    hasExternalAddress: false,
    count: 0,
    localCount: 0,
    readyLocalCount: 0,
    internalLocal: false,
    externalLocal: false,
    outOfRange: false,
    isIngress: false,
    isExternalIp: false,
    outsideServiceRanges: false,
  };

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#counts = new Uint32Array(cluster.servicePorts);
    this.#localCounts = new Uint32Array(cluster.servicePorts);
    this.#readyLocalCounts = new Uint32Array(cluster.servicePorts);
    for (let p = 0; p < cluster.servicePorts; p++) {
      const s = cluster.service[p]!;
      const key = (cluster.protocol[p]! << 16) | cluster.port[p]!;
      portsAt(this.#clusterIps, cluster.clusterIp[s]!).set(key, p);
      for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
        portsAt(this.#externals, cluster.externalAddress[x]!).set(key, p);
        if (isIngressIp(cluster.externalKind[x]!)) this.#ingress.add(cluster.externalAddress[x]!);
        if (isExternalIp(cluster.externalKind[x]!)) this.#externalIps.add(cluster.externalAddress[x]!);
      }
      const nodePort = cluster.nodePort[p]!;
      if (nodePort !== 0) this.#nodePorts.set((cluster.protocol[p]! << 16) | nodePort, p);
      for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
        this.#counts[p]! += Number(servesPolicyCluster(cluster.endpointLocal[e]!));
        this.#localCounts[p]! += Number(servesPolicyLocal(cluster.endpointLocal[e]!));
        this.#readyLocalCounts[p]! += Number(cluster.endpointLocal[e] === LOCAL);
      }
    }
  }

  /** The situation of a flow (addresses unsigned). Returns one reused object: read it before the next call. */
  of(src: number, dst: number, dport: number, protocol: number): Readonly<Situation> {
    const cluster = this.#cluster;
    const { network } = cluster;
    const s = this.#situation;
    const key = (protocol << 16) | dport;
    const clusterIp = this.#clusterIps.get(dst);
    const external = this.#externals.get(dst);
    const loopback = dst >>> 24 === 127;
    s.servicePort = -1;
    if (clusterIp) {
      s.servicePort = clusterIp.get(key) ?? -1;
      s.destination = s.servicePort >= 0 ? "cluster-ip" : "cluster-ip-wrong-port";
    } else if (external) {
      s.servicePort = external.get(key) ?? -1;
      s.destination = s.servicePort >= 0 ? "external" : "external-wrong-port";
    } else if (loopback || network.nodeAddresses.includes(dst)) {
      s.servicePort = this.#nodePorts.get(key) ?? -1;
      s.destination =
        s.servicePort < 0
          ? loopback
            ? "loopback"
            : "elsewhere"
          : loopback
            ? "loopback-node-port"
            : "node-port";
    } else {
      s.destination = inServiceRanges(network, dst) ? "unallocated" : "elsewhere";
    }
    s.isPrimaryAddress = dst === network.nodeAddresses[0];
    s.sourceAddress = src;
    s.destinationAddress = dst;
    s.source = inCidr(network.podCidr, src)
      ? "pod"
      : src >>> 24 === 127 || network.nodeAddresses.includes(src)
        ? "node"
        : "outside";
    s.outOfRange = false;
    s.isIngress = this.#ingress.has(dst);
    s.isExternalIp = this.#externalIps.has(dst);
    s.isExposed = false;
    s.hasExternalAddress = false;
    s.outsideServiceRanges = false;
    if (s.servicePort < 0) return s;
    const p = s.servicePort;
    const service = cluster.service[p]!;
    s.count = this.#counts[p]!;
    s.localCount = this.#localCounts[p]!;
    s.readyLocalCount = this.#readyLocalCounts[p]!;
    s.internalLocal = cluster.internalLocal[service] === 1;
    s.externalLocal = cluster.externalLocal[service] === 1;
    s.hasExternalAddress = cluster.externalStart[service + 1]! > cluster.externalStart[service]!;
    s.isExposed = cluster.nodePort[p] !== 0 || s.hasExternalAddress;
    s.outsideServiceRanges = s.destination === "external" && !this.#inRanges(service, src);
    s.outOfRange = s.outsideServiceRanges && s.isIngress;
    return s;
  }

  #inRanges(service: number, src: number): boolean {
    const cluster = this.#cluster;
    const first = cluster.rangeStart[service]!;
    const end = cluster.rangeStart[service + 1]!;
    if (first === end) return true;
    for (let r = first; r < end; r++) {
      if (maskTo(src, cluster.rangePrefixLength[r]!) === cluster.rangeBase[r]) return true;
    }
    return false;
  }
}

function portsAt(index: Map<number, Map<number, number>>, address: number): Map<number, number> {
  let ports = index.get(address);
  if (!ports) {
    ports = new Map();
    index.set(address, ports);
  }
  return ports;
}

/** What kube-proxy puts into its ipsets for a cluster (pkg/proxy/ipvs/proxier.go syncProxyRules), as data. */

import {
  type Cluster,
  isExternalIp,
  isIngressIp,
  SCTP,
  servesPolicyLocal,
  TCP,
  UDP,
} from "../../../cluster/cluster.js";
import { Int32Vector } from "../../shared/int32-vector.js";
import { ingressSources, sourceRangesOf } from "../../shared/kube-proxy.js";

/** Words of an element of each hash set. */
export const HASH_SETS = {
  "KUBE-LOOP-BACK": 3,
  "KUBE-CLUSTER-IP": 2,
  "KUBE-EXTERNAL-IP": 2,
  "KUBE-EXTERNAL-IP-LOCAL": 2,
  "KUBE-LOAD-BALANCER": 2,
  "KUBE-LOAD-BALANCER-LOCAL": 2,
  "KUBE-LOAD-BALANCER-FW": 2,
  "KUBE-LOAD-BALANCER-SOURCE-CIDR": 3,
  "KUBE-LOAD-BALANCER-SOURCE-IP": 3,
  "KUBE-NODE-PORT-SCTP-HASH": 2,
  "KUBE-NODE-PORT-LOCAL-SCTP-HASH": 2,
  "KUBE-IPVS-IPS": 1,
} as const;
export type HashSetName = keyof typeof HASH_SETS;
export const HASH_SET_NAMES = Object.keys(HASH_SETS) as HashSetName[];

/** ipset's type of each, by which kube-proxy creates them. */
export const SET_TYPES = {
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

/** IPSET_MAXNAMELEN without the end of the string. */
const MAX_SET_NAME = 31;

/** A set's name in IPv6, cut off where ipset allows no longer one (ipset.go). */
export function ipv6SetName(name: SetName): string {
  return name.replace("KUBE-", "KUBE-6-").slice(0, MAX_SET_NAME);
}

export const BITMAP_NAMES = [
  "KUBE-NODE-PORT-TCP",
  "KUBE-NODE-PORT-LOCAL-TCP",
  "KUBE-NODE-PORT-UDP",
  "KUBE-NODE-PORT-LOCAL-UDP",
  "KUBE-HEALTH-CHECK-NODE-PORT",
] as const;
export type BitmapName = (typeof BITMAP_NAMES)[number];
export type SetName = HashSetName | BitmapName;

export interface SetEntries {
  readonly hash: Readonly<Record<HashSetName, Int32Vector>>;
  readonly bitmap: Readonly<Record<BitmapName, Int32Vector>>;
  /** Distinct prefix lengths of source ranges, longest first, as the kernel tries them. */
  readonly prefixLengths: readonly number[];
}

/** Port and protocol as a set's element holds them, in one word. */
export function portKey(port: number, protocol: number): number {
  return port | (protocol << 16);
}

/** `portKey` with a prefix length, for hash:ip,port,net. */
export function networkKey(key: number, prefixLength: number): number {
  return key | (prefixLength << 24);
}

/** Collects the elements of every set. Repeated elements stay; sets hold them once. `nodes`: as for `listVirtualServices`. */
export function listSetEntries(
  cluster: Cluster,
  nodes: readonly number[] = cluster.network.nodeAddresses,
): SetEntries {
  const hash = Object.fromEntries(HASH_SET_NAMES.map((name) => [name, new Int32Vector()])) as Record<
    HashSetName,
    Int32Vector
  >;
  const bitmap: Record<BitmapName, Int32Vector> = {
    "KUBE-NODE-PORT-TCP": new Int32Vector(),
    "KUBE-NODE-PORT-LOCAL-TCP": new Int32Vector(),
    "KUBE-NODE-PORT-UDP": new Int32Vector(),
    "KUBE-NODE-PORT-LOCAL-UDP": new Int32Vector(),
    "KUBE-HEALTH-CHECK-NODE-PORT": new Int32Vector(),
  };
  const add = (name: HashSetName, a: number, b: number): void => {
    hash[name].push(a);
    hash[name].push(b);
  };
  for (let s = 0; s < cluster.services; s++) {
    hash["KUBE-IPVS-IPS"].push(cluster.clusterIp[s]!);
    const healthPort = cluster.healthCheckNodePort[s]!;
    if (healthPort !== 0) bitmap["KUBE-HEALTH-CHECK-NODE-PORT"].push(healthPort);
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      const address = cluster.externalAddress[x]!;
      // The set holds what is bound to kube-ipvs0, and the node's own addresses are not (nodeAddressSet).
      if (!cluster.network.nodeAddresses.includes(address)) hash["KUBE-IPVS-IPS"].push(address);
    }
  }
  const prefixLengths = new Set<number>();
  for (let p = 0; p < cluster.servicePorts; p++) {
    const s = cluster.service[p]!;
    const protocol = cluster.protocol[p]!;
    const key = portKey(cluster.port[p]!, protocol);
    const local = cluster.externalLocal[s] === 1;
    add("KUBE-CLUSTER-IP", cluster.clusterIp[s]!, key);
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      const address = cluster.externalAddress[x]!;
      const kind = cluster.externalKind[x]!;
      if (isExternalIp(kind)) add(local ? "KUBE-EXTERNAL-IP-LOCAL" : "KUBE-EXTERNAL-IP", address, key);
      if (!isIngressIp(kind)) continue;
      add("KUBE-LOAD-BALANCER", address, key);
      if (local) add("KUBE-LOAD-BALANCER-LOCAL", address, key);
      const ranges = sourceRangesOf(cluster, s);
      if (ranges.length > 0) add("KUBE-LOAD-BALANCER-FW", address, key);
      for (const { base, prefixLength } of ranges) {
        add("KUBE-LOAD-BALANCER-SOURCE-CIDR", address, base);
        hash["KUBE-LOAD-BALANCER-SOURCE-CIDR"].push(networkKey(key, prefixLength));
        prefixLengths.add(prefixLength);
      }
      if (ingressSources(cluster, s).length > 0) {
        add("KUBE-LOAD-BALANCER-SOURCE-IP", address, key);
        hash["KUBE-LOAD-BALANCER-SOURCE-IP"].push(address);
      }
    }
    const nodePort = cluster.nodePort[p]!;
    // Without an address for them NodePorts are skipped.
    if (nodePort !== 0 && nodes.length > 0) {
      if (protocol === TCP) bitmap["KUBE-NODE-PORT-TCP"].push(nodePort);
      if (protocol === TCP && local) bitmap["KUBE-NODE-PORT-LOCAL-TCP"].push(nodePort);
      if (protocol === UDP) bitmap["KUBE-NODE-PORT-UDP"].push(nodePort);
      if (protocol === UDP && local) bitmap["KUBE-NODE-PORT-LOCAL-UDP"].push(nodePort);
      if (protocol === SCTP) {
        for (const node of nodes) {
          add("KUBE-NODE-PORT-SCTP-HASH", node, portKey(nodePort, protocol));
          if (local) add("KUBE-NODE-PORT-LOCAL-SCTP-HASH", node, portKey(nodePort, protocol));
        }
      }
    }
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (!servesPolicyLocal(cluster.endpointLocal[e]!)) continue;
      add("KUBE-LOOP-BACK", cluster.endpointAddress[e]!, portKey(cluster.endpointPort[e]!, protocol));
      hash["KUBE-LOOP-BACK"].push(cluster.endpointAddress[e]!);
    }
  }
  return { hash, bitmap, prefixLengths: [...prefixLengths].sort((a, b) => b - a) };
}

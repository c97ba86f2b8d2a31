/** Map contents as data: what Calico's felix writes for a cluster (felix/bpf/proxy/syncer.go), before any trie or hash. */

import { type Cluster, INGRESS_IP, LOCAL, LOCAL_POLICY_ONLY } from "../../../cluster/cluster.js";
import { Int32Vector } from "../../shared/int32-vector.js";
import {
  ANY_NODE,
  DROP_COUNT,
  EXTERNAL_LOCAL,
  FRONTEND_BITS,
  INTERNAL_LOCAL,
  MAGLEV,
  portWord,
  sourceWord,
} from "../layout.js";
import { asksForMaglev } from "./maglev.js";

/** One entry of cali_v4_nat_fe. */
export interface Frontend {
  /** Its address, port and protocol; entries for source ranges share them. */
  readonly address: number;
  readonly port: number;
  readonly source: number;
  readonly prefixLength: number;
  readonly flags: number;
  /** An entry that drops what no source range holds: nothing of it changes with the endpoints. */
  readonly drops: boolean;
}

/** int32 words of an entry: three of data, its length, five of value, and the number of its address, port and protocol. */
export const ENTRY_WORDS = 10;

/**
 * The entries of a service-port. External addresses are guarded by source ranges whether they are a load balancer's or not.
 * `maglev`: Services with external addresses ask for it.
 */
export function frontendsOf(cluster: Cluster, p: number, maglev: boolean): Frontend[] {
  const s = cluster.service[p]!;
  const port = cluster.port[p]!;
  const internal = cluster.internalLocal[s] === 1 ? INTERNAL_LOCAL : 0;
  const both = internal | (cluster.externalLocal[s] === 1 ? EXTERNAL_LOCAL : 0);
  // A NodePort is one node's: no other could take its connections over.
  const table = maglev && asksForMaglev(cluster, s) ? MAGLEV : 0;
  const plain = (address: number, at: number, flags: number): Frontend => ({
    address: address | 0,
    port: at,
    source: 0,
    prefixLength: FRONTEND_BITS,
    flags,
    drops: false,
  });
  const frontends = [plain(cluster.clusterIp[s]!, port, internal | table)];
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    const policies = cluster.externalKind[x] === INGRESS_IP ? both : 0;
    const entry = plain(cluster.externalAddress[x]!, port, policies | table);
    const ranges = rangesOf(cluster, s);
    frontends.push(ranges.length > 0 ? { ...entry, flags: 0, drops: true } : entry);
    for (const { base, prefixLength } of ranges) {
      // 0.0.0.0/0 has the key of the dropping entry, which is written last.
      if (prefixLength > 0)
        frontends.push({ ...entry, source: base, prefixLength: FRONTEND_BITS + prefixLength });
    }
  }
  const nodePort = cluster.nodePort[p]!;
  if (nodePort !== 0) {
    for (const address of cluster.network.nodeAddresses) frontends.push(plain(address, nodePort, both));
    if (internal === 0) frontends.push(plain(ANY_NODE, nodePort, both));
  }
  return frontends;
}

function rangesOf(cluster: Cluster, s: number): readonly { base: number; prefixLength: number }[] {
  const ranges = new Map<string, { base: number; prefixLength: number }>();
  for (let r = cluster.rangeStart[s]!; r < cluster.rangeStart[s + 1]!; r++) {
    const base = cluster.rangeBase[r]! | 0;
    const prefixLength = cluster.rangePrefixLength[r]!;
    ranges.set(`${base}/${prefixLength}`, { base, prefixLength });
  }
  return [...ranges.values()];
}

/**
 * Rows of a service-port's endpoints by ordinal: those of this node first. One list serves both policies, so endpoints that
 * only policy Local would send to are in none (what Felix does with them has not been recorded).
 */
export function ordinalsOf(cluster: Cluster, p: number): { readonly rows: number[]; readonly local: number } {
  const local: number[] = [];
  const remote: number[] = [];
  for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
    const where = cluster.endpointLocal[row];
    if (where !== LOCAL_POLICY_ONLY) (where === LOCAL ? local : remote).push(row);
  }
  return { rows: [...local, ...remote], local: local.length };
}

export interface MapEntries {
  /** cali_v4_nat_fe, service-port by service-port. */
  readonly frontends: Int32Vector;
  /** Number of each service-port's first address, port and protocol. */
  readonly firstFrontend: Int32Vector;
  readonly keys: number;
}

/** The frontend map's entries of a cluster. A service-port's id is its number. */
export function listEntries(cluster: Cluster, maglev: boolean): MapEntries {
  const frontends = new Int32Vector(cluster.servicePorts * 2 * ENTRY_WORDS);
  const firstFrontend = new Int32Vector(cluster.servicePorts);
  let keys = 0;
  for (let p = 0; p < cluster.servicePorts; p++) {
    firstFrontend.push(keys);
    const endpoints = countsOf(cluster, p);
    const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
    for (const frontend of frontendsOf(cluster, p, maglev)) {
      if (frontend.prefixLength === FRONTEND_BITS) keys++;
      const { drops } = frontend;
      for (const word of keyOf(frontend, cluster.protocol[p]!)) frontends.push(word);
      frontends.push(frontend.prefixLength);
      frontends.push(p);
      frontends.push(drops ? DROP_COUNT : endpoints.count);
      frontends.push(drops ? 0 : endpoints.local);
      frontends.push(drops ? 0 : seconds);
      frontends.push(frontend.flags);
      frontends.push(keys - 1);
    }
  }
  return { frontends, firstFrontend, keys };
}

/** An entry's data in big-endian words. */
export function keyOf(frontend: Frontend, protocol: number): [number, number, number] {
  const { address, port, source } = frontend;
  return [address, portWord(port, protocol, source), sourceWord(source)];
}

/** Endpoints of a service-port that policy Cluster sends to, and those of this node. */
export function countsOf(cluster: Cluster, p: number): { count: number; local: number } {
  let count = 0;
  let local = 0;
  for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
    const where = cluster.endpointLocal[row];
    if (where !== LOCAL_POLICY_ONLY) count++;
    if (where === LOCAL) local++;
  }
  return { count, local };
}

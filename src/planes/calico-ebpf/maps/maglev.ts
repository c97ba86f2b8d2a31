/**
 * cali_v4_mglv: a Maglev table for each service-port of a Service that asks for it by annotation
 * (felix/bpf/consistenthash, maglev.h and jenkins_hash.h of felix/bpf-gpl). For clients outside the cluster
 * alone: only the program at the host's interface knows it.
 */

import { type Cluster, LOCAL_POLICY_ONLY } from "../../../cluster/cluster.js";
import { endpointText, type Family } from "../../../cluster/family.js";
import { jhash, jhash5 } from "../../shared/jhash.js";
import { claimInTurns } from "../../shared/maglev-table.js";
import { swapBytes } from "../layout.js";

/** Places of a table: the next prime after five times bpfMaglevMaxEndpointsPerService, which is 100. */
export const MAGLEV_PLACES = 503;
/** bpfMaglevMaxServices: the map holds so many tables. */
export const STOCK_TABLES = 100;

/** The byte in front of a name that makes two hashes of one function. */
const OFFSET_SEED = 0x00;
const SKIP_SEED = 0x0a;
const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Seed of a packet's hash. */
const PACKET_SEED = 0xca71c0;

/**
 * Whether a Service asks for Maglev, where `--calico-maglev` is on: the annotation is for Services with an
 * address that clients outside reach, and changes nothing of NodePorts, which belong to one node each.
 */
export function asksForMaglev(cluster: Cluster, s: number): boolean {
  return cluster.externalStart[s + 1]! > cluster.externalStart[s]!;
}

/**
 * Rows of endpoints by place; empty where the service-port has none. One list serves both policies: Maglev ignores them.
 * An endpoint that is listed twice takes part once.
 */
export function maglevTable(cluster: Cluster, p: number): Int32Array {
  const rows = new Map<string, number>();
  for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
    if (cluster.endpointLocal[row] === LOCAL_POLICY_ONLY) continue;
    const name = endpointText(cluster, row);
    if (!rows.has(name)) rows.set(name, row);
  }
  if (rows.size === 0) return new Int32Array(0);
  // ASCII: JavaScript's order is Go's.
  const names = [...rows.keys()].sort();
  const permutations = {
    position: Int32Array.from(names, (name) => nameHash(name, OFFSET_SEED) % MAGLEV_PLACES),
    skip: Int32Array.from(names, (name) => (nameHash(name, SKIP_SEED) % (MAGLEV_PLACES - 1)) + 1),
  };
  const table = new Int32Array(MAGLEV_PLACES);
  const sorted = names.map((name) => rows.get(name)!);
  claimInTurns(permutations, sorted, table, new Uint8Array(MAGLEV_PLACES));
  return table;
}

/**
 * FNV-1 of 32 bits over a byte and a name such as `10.128.0.5:8080`. Go gives the sum most significant byte
 * first and felix reads it in the machine's order, so that its bytes are swapped on x86.
 */
export function nameHash(name: string, seed: number): number {
  let hash = Math.imul(FNV_OFFSET_BASIS, FNV_PRIME) ^ seed;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash, FNV_PRIME) ^ name.charCodeAt(i);
  return swapBytes(hash) >>> 0;
}

/** Words of an IPv6 packet's hash, and their bytes: written over by each, so that a lookup allocates nothing. */
const IPV6_TUPLE = new Int32Array(11);
const IPV6_BYTES = new Uint8Array(IPV6_TUPLE.buffer);

/**
 * Place of a packet. The program reads addresses as the packet has them, in network order, and ports in the
 * machine's. Of IPv6 all words of both addresses are hashed, of which the model has the last, and the
 * protocol comes before the ports.
 */
export function maglevPlace(
  src: number,
  sport: number,
  dst: number,
  dport: number,
  protocol: number,
  family: Family,
): number {
  let hash: number;
  if (family === 4) hash = jhash5(swapBytes(src), swapBytes(dst), sport, dport, protocol, PACKET_SEED);
  else {
    IPV6_TUPLE[3] = swapBytes(src);
    IPV6_TUPLE[7] = swapBytes(dst);
    IPV6_TUPLE[8] = protocol;
    IPV6_TUPLE[9] = sport;
    IPV6_TUPLE[10] = dport;
    hash = jhash(IPV6_BYTES, PACKET_SEED);
  }
  return (hash >>> 0) % MAGLEV_PLACES;
}

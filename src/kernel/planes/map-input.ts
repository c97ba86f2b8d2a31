/** Input of native/loader.c: settings, capacities, and the contents of maps in sections. */

import { type Cidr, type Cluster, type Network, TCP } from "../../cluster/cluster.js";
import { type Family, familyOf } from "../../cluster/family.js";
import { balancerOf } from "../../cluster/flows.js";
import { type Cidr6, IPV6_BITS, maskIpv6 } from "../../cluster/ipv6.js";
import { OUTSIDE_CLIENTS_CIDR } from "../../cluster/network.js";
import { MAGLEV_JHASH_SEED } from "../../planes/ebpf/maps/maglev.js";

export interface MapOptions {
  /** What a rewritten source becomes: the node's address. */
  readonly snatAddress: number;
  /** Places of a Maglev table; null or absent where endpoints are drawn at random. */
  readonly maglevSize?: number | null;
  /** How many connections are tracked: `CONNECTIONS` by default. */
  readonly connections?: number | undefined;
}

const NAME_BYTES = 16;
const MAX_NODES = 4;
const ALL_ONES = (1n << BigInt(IPV6_BITS)) - 1n;
/** include/uapi/linux/bpf.h */
export const BPF_F_NO_PREALLOC = 1;
/** Cilium's `bpf-ct-global-tcp-max`. */
export const CONNECTIONS = 524_288;
/** Beyond what any service needs: bounds the services that BPF_PROG_TEST_RUN draws from. */
export const ARRAY_LEAST = 1;

/** Keys and values of one map, side by side. */
export interface Elements {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
}

/** struct settings of balancer.bpf.c, and its length. */
export function settings(
  cluster: Cluster,
  { snatAddress, maglevSize = null }: MapOptions,
  targets: number,
): Uint8Array {
  const { network } = cluster;
  const { podCidr, nodeAddresses } = network;
  const nodes = Array.from({ length: MAX_NODES }, (_, i) => nodeAddresses[i] ?? 0);
  const words = [
    maglevSize ?? 0,
    MAGLEV_JHASH_SEED,
    targets,
    ...rangeWords(network, podCidr),
    ...[...nodes, snatAddress].flatMap((address) => addressWords(network, address)),
    ...addressWords(network, (maglevSize === null ? podCidr : OUTSIDE_CLIENTS_CIDR).base + 1),
  ];
  return bytesOf(Uint32Array.from([words.length * 4, ...words]));
}

/** An address as the programs have it (native/bpf/family.h): a word, or four of IPv6. 0 stands for none in both. */
export function addressWords({ ipv6 }: Pick<Network, "ipv6">, address: number): number[] {
  if (ipv6 === undefined) return [address >>> 0];
  return wordsOf(address === 0 ? 0n : ipv6.address(address >>> 0));
}

/** Words of a range's base, and of its mask. */
function rangeWords({ ipv6 }: Pick<Network, "ipv6">, range: Cidr): number[] {
  if (ipv6 !== undefined) {
    const { base, prefixLength }: Cidr6 = ipv6.cidr6(range);
    return [...wordsOf(base), ...wordsOf(maskIpv6(ALL_ONES, prefixLength))];
  }
  return [range.base, range.prefixLength === 0 ? 0 : (-1 << (32 - range.prefixLength)) >>> 0];
}

/** Four words of an address of IPv6, the first the highest. */
function wordsOf(address: bigint): number[] {
  return [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffff_ffffn));
}

/** Names of the programs' maps, which the families have apart. */
export function mapNames({ network }: Pick<Cluster, "network">) {
  const family: Family = familyOf(network);
  const [cilium, calico] = [`lb${family}_`, `cali_v${family}_`] as const;
  return {
    services: `${cilium}services`,
    backends: `${cilium}backends`,
    reverse: `${cilium}reverse`,
    affinity: `${cilium}affinity`,
    ranges: `${cilium}ranges`,
    maglev: `${cilium}maglev`,
    connections: `ct${family}`,
    natFrontends: `${calico}nat_fe`,
    natBackends: `${calico}nat_be`,
    natMaglev: `${calico}mglv`,
    routes: `${calico}routes`,
  } as const;
}

/** The number of maps, then name, entries and flags of each. */
export function capacities(
  maps: readonly (readonly [name: string, entries: number, flags?: number])[],
): Uint8Array {
  return Buffer.concat([
    bytesOf(Uint32Array.of(maps.length)),
    ...maps.flatMap(([name, entries, flags = 0]) => [
      nameBytes(name),
      bytesOf(Uint32Array.of(entries, flags)),
    ]),
  ]);
}

/** One map's contents: header, keys, values; nothing at all for a map without elements. */
export function* section(name: string, { keys, values, count }: Elements): Iterable<Uint8Array> {
  if (count === 0) return;
  yield header(name, keys.byteLength / count, values.byteLength / count, count);
  yield keys;
  yield values;
}

/** What precedes the keys and values of a section. */
export function header(name: string, keySize: number, valueSize: number, count: number): Uint8Array {
  return Buffer.concat([nameBytes(name), bytesOf(Uint32Array.of(keySize, valueSize, count))]);
}

function nameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(NAME_BYTES);
  bytes.set(Buffer.from(name, "latin1"));
  return bytes;
}

/** The kernel lane runs on little-endian machines, as the model's int32 words assume. */
export function bytesOf({
  buffer,
  byteOffset,
  byteLength,
}: Uint32Array | Int32Array | Uint16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * What BPF_PROG_TEST_RUN looks up: TCP service-ports with endpoints, at cluster addresses, or at those of load balancers,
 * where clients outside the cluster are sent.
 */
export function lookupTargets(cluster: Cluster, outside: boolean): Elements {
  const addressOf = (p: number) =>
    outside ? balancerOf(cluster, cluster.service[p]!) : cluster.clusterIp[cluster.service[p]!];
  const ports: number[] = [];
  for (let p = 0; p < cluster.servicePorts; p++) {
    const answers = cluster.protocol[p] === TCP && cluster.endpointStart[p] !== cluster.endpointStart[p + 1];
    if (answers && addressOf(p) !== undefined) ports.push(p);
  }
  const keys = Uint32Array.from(ports, (_, i) => i);
  const values = Uint32Array.from(
    ports.flatMap((p) => [...addressWords(cluster.network, addressOf(p)!), cluster.port[p]!]),
  );
  return { keys: bytesOf(keys), values: bytesOf(values), count: ports.length };
}

/** Maglev tables as Cilium fills them (pkg/maglev/maglev.go; Eisenbud et al., NSDI 2016). */

import { type Cluster, protocolName } from "../../../cluster/cluster.js";
import { endpointText, type Family } from "../../../cluster/family.js";
import { jhash3, tupleHash6 } from "../../shared/jhash.js";
import { claimInTurns } from "../../shared/maglev-table.js";
import { murmur3x64128 } from "../../shared/murmur3.js";

/** Cilium's default hash seed: four bytes for murmur3, four for jhash, most significant first (maglev.go, Init). */
const SEED = Buffer.from("JLfvgnHc2kaSUFaI", "base64");
const MURMUR_SEED = SEED.readUInt32BE(0);
export const MAGLEV_JHASH_SEED = SEED.readInt32BE(4);

/** Name of a backend, by which backends are sorted and hashed (BackendInfo.setHashString). */
export function backendName(cluster: Cluster, endpoint: number, protocol: number): string {
  return `[${endpointText(cluster, endpoint)}/${protocolName(protocol).toUpperCase()},State:active]`;
}

/**
 * Fills `table` (of prime length M) with an id for each place. Backends, whose `names` must be sorted, take
 * turns (`claimInTurns`). `taken` is room for M bytes.
 */
export function fillMaglevTable(
  names: readonly string[],
  ids: ArrayLike<number>,
  table: Int32Array,
  taken: Uint8Array,
): void {
  const size = table.length;
  const position = new Int32Array(names.length);
  const skip = new Int32Array(names.length);
  names.forEach((name, i) => {
    const [h1, h2] = murmur3x64128(Buffer.from(name), MURMUR_SEED);
    position[i] = Number(h1 % BigInt(size));
    skip[i] = Number(h2 % BigInt(size - 1)) + 1;
  });
  claimInTurns({ position, skip }, ids, table, taken);
}

/**
 * hash_from_tuple_v4: jhash_3words(src, dport << 16 | sport, protocol) mod M, unsigned. The destination is not hashed.
 * hash_from_tuple_v6 mixes four words of the source: the model has the last one.
 */
export function maglevIndex(
  src: number,
  sport: number,
  dport: number,
  protocol: number,
  size: number,
  family: Family = 4,
): number {
  const ports = (dport << 16) | sport;
  const hash =
    family === 4
      ? jhash3(src, ports, protocol, MAGLEV_JHASH_SEED)
      : tupleHash6(src, ports, protocol, MAGLEV_JHASH_SEED);
  return (hash >>> 0) % size;
}

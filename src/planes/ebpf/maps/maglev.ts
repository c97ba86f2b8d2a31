/** Maglev tables as Cilium fills them (pkg/maglev/maglev.go; Eisenbud et al., NSDI 2016). */

import { type Cluster, protocolName } from "../../../cluster/cluster.js";
import { endpointText, type Family } from "../../../cluster/family.js";
import { jhash3, tupleHash6 } from "../../shared/jhash.js";
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
 * Fills `table` (of prime length M) with an id for each place. Backends, whose `names` must be sorted, take turns, and
 * each takes the next free place of its own permutation (offset + j · skip mod M). Expected O(M log M) for few backends.
 * `taken` is room for M bytes: a quarter of the table, so that the search stays in the innermost cache.
 */
export function fillMaglevTable(
  names: readonly string[],
  ids: ArrayLike<number>,
  table: Int32Array,
  taken: Uint8Array,
): void {
  const size = table.length;
  const count = names.length;
  taken.fill(0);
  if (count === 0) return;
  const position = new Int32Array(count);
  const skip = new Int32Array(count);
  names.forEach((name, i) => {
    const [h1, h2] = murmur3x64128(Buffer.from(name), MURMUR_SEED);
    position[i] = Number(h1 % BigInt(size));
    skip[i] = Number(h2 % BigInt(size - 1)) + 1;
  });
  for (let filled = 0, i = 0; filled < size; filled++) {
    const step = skip[i]!;
    let at = position[i]!;
    while (taken[at] !== 0) {
      at += step;
      if (at >= size) at -= size;
    }
    taken[at] = 1;
    table[at] = ids[i]!;
    position[i] = at;
    if (++i === count) i = 0;
  }
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

/** cali_v4_ct: an LRU hash map with two entries for each connection that is translated. */

import type { Family } from "../../../cluster/family.js";
import { LruMap } from "../../ebpf/maps/lru.js";
import { jhash4 } from "../../shared/jhash.js";
import { KEY } from "../layout.js";

/** Stock size of the map. */
const ENTRIES = 512_000;
/** Value: 88 bytes. */
const VALUE_WORDS = 22;
/** The same of IPv6, and what its key is longer. */
const IPV6_WORDS = 32 + 6;
const VALUE = KEY + 4;
/** In the model: the decision. Calico's forward entry holds the reverse one's key, from which the address follows. */
export const CT_DECISION = VALUE;
/** The reverse entry's key. */
export const CT_REVERSE = VALUE + 1;

export class ConntrackMap extends LruMap {
  /** Of IPv6 keys have 40 bytes, values 128. */
  constructor(maxEntries: number | undefined, seed: number, family: Family = 4) {
    super(maxEntries ?? ENTRIES, family === 4 ? VALUE_WORDS : IPV6_WORDS, seed);
  }

  protected hash(k0: number, k1: number, k2: number, k3: number): number {
    return jhash4(k0, k1, k2, k3, this.hashSeed);
  }
}

/**
 * BPF_MAP_TYPE_LRU_HASH (kernel/bpf/hashtab.c, bpf_lru_list.c): the hash map of `htab.ts` whose oldest element makes
 * room when all are in use. The kernel's per-CPU active and inactive lists are one list here, in order of insertion.
 */

import type { Family } from "../../../cluster/family.js";
import { InvalidOptionError } from "../../../errors.js";
import { jhash4, jhash14 } from "../../shared/jhash.js";
import { BUCKET_WORDS, HASH, KEY, NEXT } from "../layout.js";
import { htabBytes, MISS, powerOfTwo } from "./htab.js";

/** Large ArrayBuffers begin 16 bytes behind a page boundary (the allocator's header): 48 bytes on, a cache line begins. */
const TO_CACHE_LINE_WORDS = 12;
/** hash_node.pprev, byte 8. */
const PPREV = 2;
/** lru_node.list, bytes 16 and 24. */
const NEWER = 4;
const OLDER = 6;
/** lru_node: u16 cpu, u8 type, u8 ref at byte 32. */
const LRU_FLAGS = 8;
const REFERENCED = 1 << 24;

/** Both keys are padded to 16 bytes. */
const KEY_WORDS = 4;
const VALUE = KEY + KEY_WORDS;

/** Evictions that can be taken back: those between two resets. */
const JOURNAL_ROWS = 1 << 16;

/** Buckets, elements and their order, without the hash. Nothing here allocates after construction. */
export abstract class LruMap {
  readonly words: Int32Array;
  readonly maxEntries: number;
  readonly hashSeed: number;
  readonly #mask: number;
  readonly #elementWords: number;
  readonly #first: number;
  readonly #end: number;
  /** The next preallocated element. */
  #free: number;
  #oldest = MISS;
  #newest = MISS;
  /** Elements below were there before the first connection. */
  #kept: number;
  /** What each eviction overwrote. */
  readonly #journal: Int32Array;
  #evictions = 0;

  /** `valueWords`: of the value, and of what a key of IPv6 is longer, which the model leaves empty. */
  constructor(maxEntries: number, valueWords: number, seed: number) {
    if (!Number.isInteger(maxEntries) || maxEntries < 1) {
      throw new InvalidOptionError(`${maxEntries} entries make no map: give it 1 or more`);
    }
    const buckets = powerOfTwo(maxEntries);
    this.maxEntries = maxEntries;
    this.hashSeed = seed;
    this.#mask = buckets - 1;
    this.#elementWords = VALUE + valueWords;
    this.#first = TO_CACHE_LINE_WORDS + buckets * BUCKET_WORDS;
    this.#end = this.#first + maxEntries * this.#elementWords;
    this.words = new Int32Array(this.#end);
    this.#free = this.#first;
    this.#kept = this.#first;
    this.#journal = new Int32Array(JOURNAL_ROWS * this.#elementWords);
  }

  protected abstract hash(k0: number, k1: number, k2: number, k3: number): number;

  /** Elements in use. */
  get size(): number {
    return (this.#free - this.#first) / this.#elementWords;
  }

  /** The element that the next insert evicts, or MISS while some are free. */
  get victim(): number {
    return this.#free === this.#end ? this.#oldest : MISS;
  }

  /** Memory of the whole map: it is preallocated. */
  bytes(): number {
    return htabBytes(this.maxEntries, this.#elementWords);
  }

  /** Where the chain of a hash begins. */
  bucketOf(hash: number): number {
    return TO_CACHE_LINE_WORDS + (hash & this.#mask) * BUCKET_WORDS;
  }

  /** The element of a key, or MISS. */
  find(k0: number, k1: number, k2: number, k3: number): number {
    return this.#search(this.hash(k0, k1, k2, k3), k0, k1, k2, k3);
  }

  /** bpf_lru_node_set_ref: a hit writes no more than a byte, and not twice. */
  touch(element: number): void {
    const words = this.words;
    if ((words[element + LRU_FLAGS]! & REFERENCED) === 0) words[element + LRU_FLAGS]! |= REFERENCED;
  }

  /** htab_lru_map_update_elem of a key that is not there: the caller writes the value. */
  insert(k0: number, k1: number, k2: number, k3: number): number {
    const words = this.words;
    const hash = this.hash(k0, k1, k2, k3);
    let element = this.#free;
    if (element === this.#end) element = this.#evict();
    else this.#free = element + this.#elementWords;
    // Under the bucket's lock it looks for an old element once more.
    if (this.#search(hash, k0, k1, k2, k3) !== MISS) throw new Error("a key is inserted twice");
    words[element + HASH] = hash;
    words[element + LRU_FLAGS] = 0;
    words[element + KEY] = k0;
    words[element + KEY + 1] = k1;
    words[element + KEY + 2] = k2;
    words[element + KEY + 3] = k3;
    const bucket = this.bucketOf(hash);
    const first = words[bucket]!;
    words[element + NEXT] = first;
    words[element + PPREV] = bucket;
    words[bucket] = element;
    if (first !== MISS) words[first + PPREV] = element;

    words[element + OLDER] = this.#newest;
    words[element + NEWER] = MISS;
    if (this.#newest === MISS) this.#oldest = element;
    else words[this.#newest + NEWER] = element;
    this.#newest = element;
    return element;
  }

  /** What is in the map now stays when it is reset. */
  checkpoint(): void {
    this.#kept = this.#free;
    this.#evictions = 0;
  }

  /** Takes back inserts, newest first, and puts back what they evicted: chains and order are as they were. */
  reset(): void {
    for (; this.#evictions > 0; this.#evictions--) {
      const element = this.#newest;
      this.#undoInsert();
      this.#restore(element, (this.#evictions - 1) * this.#elementWords);
    }
    for (; this.#free > this.#kept; this.#free -= this.#elementWords) this.#undoInsert();
  }

  #search(hash: number, k0: number, k1: number, k2: number, k3: number): number {
    const words = this.words;
    let element = words[this.bucketOf(hash)]!;
    while (element !== MISS) {
      if (
        words[element + HASH] === hash &&
        words[element + KEY] === k0 &&
        words[element + KEY + 1] === k1 &&
        words[element + KEY + 2] === k2 &&
        words[element + KEY + 3] === k3
      ) {
        return element;
      }
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  /** prealloc_lru_pop: unlinks the oldest element. htab_lru_map_delete_node walks its chain to find it. */
  #evict(): number {
    const words = this.words;
    const element = this.#oldest;
    if (this.#evictions === JOURNAL_ROWS) {
      throw new RangeError(`${JOURNAL_ROWS} evictions since the last reset: reset in between`);
    }
    const row = this.#evictions * this.#elementWords;
    const journal = this.#journal;
    for (let i = 0; i < this.#elementWords; i++) journal[row + i] = words[element + i]!;
    this.#evictions++;

    let other = words[this.bucketOf(words[element + HASH]!)]!;
    while (other !== element) other = words[other + NEXT]!;
    const next = words[element + NEXT]!;
    // The word before it in the chain: its predecessor's first, or the bucket's.
    words[words[element + PPREV]!] = next;
    if (next !== MISS) words[next + PPREV] = words[element + PPREV]!;

    const newer = words[element + NEWER]!;
    this.#oldest = newer;
    if (newer === MISS) this.#newest = MISS;
    else words[newer + OLDER] = MISS;
    return element;
  }

  /** Unlinks the newest element, which is the head of its chain. */
  #undoInsert(): void {
    const words = this.words;
    const element = this.#newest;
    const next = words[element + NEXT]!;
    const bucket = words[element + PPREV]!;
    words[bucket] = next;
    if (next !== MISS) words[next + PPREV] = bucket;
    const older = words[element + OLDER]!;
    this.#newest = older;
    if (older === MISS) this.#oldest = MISS;
    else words[older + NEWER] = MISS;
  }

  /** The inverse of `#evict`. */
  #restore(element: number, row: number): void {
    const words = this.words;
    for (let i = 0; i < this.#elementWords; i++) words[element + i] = this.#journal[row + i]!;
    words[words[element + PPREV]!] = element;
    const next = words[element + NEXT]!;
    if (next !== MISS) words[next + PPREV] = element;
    const newer = words[element + NEWER]!;
    this.#oldest = element;
    if (newer === MISS) this.#newest = element;
    else words[newer + OLDER] = element;
  }
}

/** struct ct_entry: 56 bytes. */
const CT_VALUE_WORDS = 14;
/** backend_id, byte 8 of the value. */
export const CT_BACKEND = VALUE + 2;
/** packets, byte 16. */
export const CT_PACKETS = VALUE + 4;
/** lifetime, byte 32. */
export const CT_LIFETIME = VALUE + 8;
/** u16 flags and u16 rev_nat_index, byte 36. */
export const CT_REV_NAT = VALUE + 9;

/** cilium_ct4_global: 14-byte key (daddr, saddr, ports, nexthdr with flags), so hashed byte by byte. 120-byte elements. */
export class ConnectionMap extends LruMap {
  /** Of IPv6 keys have 38 bytes, padded to 40. */
  constructor(maxEntries: number, seed: number, family: Family = 4) {
    super(maxEntries, CT_VALUE_WORDS + (family === 4 ? 0 : 6), seed);
  }

  protected hash(k0: number, k1: number, k2: number, k3: number): number {
    return jhash14(k0, k1, k2, k3, this.hashSeed);
  }
}

/** Value of reverse_sk: address; u16 port and u16 rev_nat_index. */
export const SK_ADDRESS = VALUE;
export const SK_PORT = VALUE + 1;

/** cilium_lb4_reverse_sk: 16-byte key (cookie, address, port). 72-byte elements. */
export class ReverseSocketMap extends LruMap {
  /** Of IPv6 keys have 32 bytes, values 24. */
  constructor(maxEntries: number, seed: number, family: Family = 4) {
    super(maxEntries, family === 4 ? 2 : 10, seed);
  }

  protected hash(k0: number, k1: number, k2: number, k3: number): number {
    return jhash4(k0, k1, k2, k3, this.hashSeed);
  }
}

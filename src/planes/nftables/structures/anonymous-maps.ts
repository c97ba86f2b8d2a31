/**
 * Anonymous maps of rules (`numgen random mod E vmap { … }`), in the words of `ChainMemory`. nft up to 1.1.1 sends their
 * size, for which the kernel takes a hash of fixed size (nft_set_hash.c, nft_hash_fast_ops); later nft sends none, and
 * the kernel takes the resizable table, whose buckets are another object (lib/rhashtable.c).
 */

import { jhash1 } from "../../shared/jhash.js";
import * as layout from "../layout.js";
import { rhashBuckets } from "./rhashtable.js";
import type { Slabs } from "./slabs.js";

/** Where a kind of element holds what. */
interface ElementPlaces {
  readonly key: number;
  readonly chain: number;
  readonly address: number;
  readonly port: number;
}

/** struct nft_hash_elem: hlist node, extension, 4-byte key, 16-byte verdict or 8 bytes of data. */
const SIZED: ElementPlaces = { key: 7, chain: 10, address: 10, port: 11 };
/** struct nft_rhash_elem, 40 bytes: rhash_head, extension; then the same. */
const RESIZABLE: ElementPlaces = { key: 10, chain: 14, address: 12, port: 13 };
const NEXT = 0;
/** In the slab's padding of elements with an address: the endpoint's number. */
const INDEX = 15;

/** struct nft_set with nft_hash's private part in front of its buckets: 256 bytes, then 8 per bucket. */
const SIZED_SET_WORDS = 64;
/** struct nft_set with nft_rhash's: 512 bytes; its bucket_table has 64 bytes in front of the buckets. */
const RESIZABLE_SET_WORDS = 128;
const TABLE_HEADER_WORDS = 16;
/** Of a fixed size, bits of the bucket's number; of the other, where the table is. */
const SET_BUCKETS = 32;
const TABLE_MASK = 0;

/** Buckets of an anonymous map of fixed size (nft_hash_buckets): the power of two from 4/3 of its size. */
export function mapBucketBits(size: number): number {
  return Math.ceil(Math.log2(Math.max(1, Math.floor((size * 4) / 3))));
}

/** Words of a map's set, and of its bucket table, as kmalloc gives them. */
export function mapWords(size: number, isSized: boolean): { set: number; table: number } {
  if (isSized)
    return {
      set: layout.slabWords(SIZED_SET_WORDS + layout.BUCKET_WORDS * 2 ** mapBucketBits(size)),
      table: 0,
    };
  return { set: RESIZABLE_SET_WORDS, table: tableSlabWords(rhashBuckets(size)) };
}

/** kmalloc has classes of 96 and 192 bytes too, which tables of 4 and 16 buckets fill. */
function tableSlabWords(buckets: number): number {
  const words = TABLE_HEADER_WORDS + layout.BUCKET_WORDS * buckets;
  return words === 24 || words === 48 ? words : layout.slabWords(words);
}

/** Reads and writes the anonymous maps of a table. */
export class AnonymousMaps {
  readonly #words: Int32Array;
  readonly #isSized: boolean;
  readonly #seed: number;
  readonly #at: ElementPlaces;

  /** `seed` is that of all their hashes. */
  constructor(words: Int32Array, isSized: boolean, seed: number) {
    this.#words = words;
    this.#isSized = isSized;
    this.#seed = seed;
    this.#at = isSized ? SIZED : RESIZABLE;
  }

  /** The element of a key that is there. */
  find(set: number, key: number): number {
    const words = this.#words;
    const at = this.#at.key;
    let element = words[this.#bucketOf(set, key)]!;
    while (words[element + at] !== key) element = words[element + NEXT]!;
    return element;
  }

  /** Elements that finding a key compares. */
  probes(set: number, key: number): number {
    let probes = 1;
    let element = this.#words[this.#bucketOf(set, key)]!;
    for (; this.#words[element + this.#at.key] !== key; probes++) element = this.#words[element + NEXT]!;
    return probes;
  }

  chain(element: number): number {
    return this.#words[element + this.#at.chain]!;
  }

  address(element: number): number {
    return this.#words[element + this.#at.address]!;
  }

  port(element: number): number {
    return this.#words[element + this.#at.port]!;
  }

  index(element: number): number {
    return this.#words[element + INDEX]!;
  }

  /** An empty map for `size` elements. */
  create(slabs: Slabs, size: number): number {
    const words = this.#words;
    const need = mapWords(size, this.#isSized);
    const set = slabs.alloc("set", need.set);
    if (this.#isSized) words[set + SET_BUCKETS] = mapBucketBits(size);
    else {
      const table = slabs.alloc("table", need.table);
      words[table + TABLE_MASK] = rhashBuckets(size) - 1;
      words[set + SET_BUCKETS] = table;
    }
    return set;
  }

  insertChain(slabs: Slabs, set: number, key: number, chain: number): void {
    this.#words[this.#insert(slabs, set, key) + this.#at.chain] = chain;
  }

  insertAddress(
    slabs: Slabs,
    set: number,
    key: number,
    to: { readonly address: number; readonly port: number; readonly index: number },
  ): void {
    const element = this.#insert(slabs, set, key);
    this.#words[element + this.#at.address] = to.address;
    this.#words[element + this.#at.port] = to.port;
    this.#words[element + INDEX] = to.index;
  }

  /** Frees a map with its elements. */
  free(slabs: Slabs, set: number, size: number): void {
    const words = this.#words;
    const inSet = words[set + SET_BUCKETS]!;
    const buckets = this.#isSized ? 2 ** inSet : words[inSet + TABLE_MASK]! + 1;
    const first = this.#isSized ? set + SIZED_SET_WORDS : inSet + TABLE_HEADER_WORDS;
    for (let bucket = 0; bucket < buckets; bucket++) {
      let element = words[first + bucket * layout.BUCKET_WORDS]!;
      while (element !== layout.NONE) {
        const next = words[element + NEXT]!;
        slabs.free(element, layout.ELEMENT_WORDS);
        element = next;
      }
    }
    const had = mapWords(size, this.#isSized);
    slabs.free(set, had.set);
    if (!this.#isSized) slabs.free(inSet, had.table);
  }

  #insert(slabs: Slabs, set: number, key: number): number {
    const words = this.#words;
    const element = slabs.alloc("element", layout.ELEMENT_WORDS);
    const bucket = this.#bucketOf(set, key);
    words[element + NEXT] = words[bucket]!;
    words[element + this.#at.key] = key;
    words[bucket] = element;
    return element;
  }

  /** The bucket of a key: both hash with jhash, but the fixed table takes the hash's upper bits (reciprocal_scale). */
  #bucketOf(set: number, key: number): number {
    const words = this.#words;
    const hash = jhash1(key, this.#seed);
    const inSet = words[set + SET_BUCKETS]!;
    if (!this.#isSized)
      return inSet + TABLE_HEADER_WORDS + (hash & words[inSet + TABLE_MASK]!) * layout.BUCKET_WORDS;
    // Two shifts, because JavaScript does not shift by 32.
    return set + SIZED_SET_WORDS + ((hash >>> 1) >>> (31 - inSet)) * layout.BUCKET_WORDS;
  }
}

/** The kernel's BPF hash map (kernel/bpf/hashtab.c): as many buckets as the power of two that holds max_entries. */

import type { Family } from "../../../cluster/family.js";
import { MapFullError } from "../../../errors.js";
import { jhash1, jhash3, jhashBehindZeros, jhashU16 } from "../../shared/jhash.js";
import { BUCKET_WORDS, HASH, KEY, NEXT } from "../layout.js";

/** Large ArrayBuffers begin 16 bytes behind a page boundary (the allocator's header): 48 bytes on, a cache line begins. */
const TO_CACHE_LINE_WORDS = 12;

/** Nothing was found. Offset 0 is never an element: the buckets lie there. */
export const MISS = 0;

/** Bytes of a preallocated map: elements and buckets (what bpftool shows as memlock, less a few pages). */
export function htabBytes(maxEntries: number, elementWords: number): number {
  return maxEntries * elementWords * 4 + powerOfTwo(maxEntries) * BUCKET_WORDS * 4;
}

/** The least power of two that is not below `count`. */
export function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

/** Buckets and elements of one map, without its key type. */
class Htab {
  readonly words: Int32Array;
  protected readonly seed: number;
  protected readonly mask: number;
  readonly #elementWords: number;
  #free: number;
  /** Elements that were deleted, by their NEXT: the freelist hands out the last one first. */
  #freed = MISS;
  /** The spare element that an update of an existing key takes (alloc_htab_elem: one a CPU). */
  #extra: number;
  /** Where the last element ends that the map may hold. */
  readonly #last: number;

  /** `elementWords`: from one element to the next. */
  constructor(maxEntries: number, elementWords: number, seed: number) {
    const buckets = powerOfTwo(maxEntries);
    const first = TO_CACHE_LINE_WORDS + buckets * BUCKET_WORDS;
    this.words = new Int32Array(first + (maxEntries + 1) * elementWords);
    this.seed = seed;
    this.mask = buckets - 1;
    this.#elementWords = elementWords;
    this.#free = first;
    this.#last = first + maxEntries * elementWords;
    this.#extra = this.#last;
  }

  protected bucketOf(hash: number): number {
    return TO_CACHE_LINE_WORDS + (hash & this.mask) * BUCKET_WORDS;
  }

  /** Takes the next element, preallocated or of the slab, and links it at its bucket's head (hlist_nulls_add_head_rcu). */
  protected take(hash: number): number {
    let element = this.#freed;
    if (element !== MISS) this.#freed = this.words[element + NEXT]!;
    else {
      element = this.#free;
      if (element === this.#last) {
        throw new MapFullError(
          "an eBPF map is full and refuses (E2BIG): raise bpf-lb-map-max (ebpfMapEntries)",
        );
      }
      this.#free += this.#elementWords;
    }
    return this.#link(hash, element);
  }

  /**
   * htab_map_update_elem of a key that is there: the spare element, written, goes to the bucket's head, and the old one
   * is unlinked and becomes the spare. Returns the new one; the caller writes key and value.
   */
  protected replace(hash: number, old: number): number {
    const element = this.#link(hash, this.#extra);
    this.#unlink(hash, old);
    this.#extra = old;
    return element;
  }

  /** htab_map_delete_elem. */
  protected release(hash: number, element: number): void {
    this.#unlink(hash, element);
    this.words[element + NEXT] = this.#freed;
    this.#freed = element;
  }

  #link(hash: number, element: number): number {
    const words = this.words;
    const bucket = this.bucketOf(hash);
    words[element + NEXT] = words[bucket]!;
    words[element + HASH] = hash;
    words[bucket] = element;
    return element;
  }

  #unlink(hash: number, element: number): void {
    const words = this.words;
    // A bucket's head and an element's NEXT are both its first word.
    let before = this.bucketOf(hash);
    while (words[before] !== element) before = words[before]!;
    words[before] = words[element + NEXT]!;
  }
}

/** A map with a twelve-byte key, lb4_services_v2, or one of 24 bytes, lb6_services_v2: see layout.ts. */
export class ServiceMap extends Htab {
  readonly #isIpv6: boolean;

  constructor(maxEntries: number, elementWords: number, seed: number, family: Family = 4) {
    super(maxEntries, elementWords, seed);
    this.#isIpv6 = family === 6;
  }

  #hash(k0: number, k1: number, k2: number): number {
    return this.#isIpv6 ? jhashBehindZeros(k0, k1, k2, 6, this.seed) : jhash3(k0, k1, k2, this.seed);
  }

  /** The element of a key, or MISS: the stored hash is compared before the key, as lookup_nulls_elem_raw does. */
  find(k0: number, k1: number, k2: number): number {
    const words = this.words;
    const hash = this.#hash(k0, k1, k2);
    let element = words[this.bucketOf(hash)]!;
    while (element !== MISS) {
      if (
        words[element + HASH] === hash &&
        words[element + KEY] === k0 &&
        words[element + KEY + 1] === k1 &&
        words[element + KEY + 2] === k2
      ) {
        return element;
      }
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  /** Elements that `find` compares for a key. */
  probes(k0: number, k1: number, k2: number): number {
    return countProbes(this.words, this.bucketOf(this.#hash(k0, k1, k2)), this.find(k0, k1, k2));
  }

  insert(k0: number, k1: number, k2: number): number {
    const element = this.take(this.#hash(k0, k1, k2));
    this.words[element + KEY] = k0;
    this.words[element + KEY + 1] = k1;
    this.words[element + KEY + 2] = k2;
    return element;
  }

  /** Writes a key, new or not. Returns its element, whose value the caller writes. */
  update(k0: number, k1: number, k2: number): number {
    const old = this.find(k0, k1, k2);
    if (old === MISS) return this.insert(k0, k1, k2);
    const element = this.replace(this.#hash(k0, k1, k2), old);
    this.words[element + KEY] = k0;
    this.words[element + KEY + 1] = k1;
    this.words[element + KEY + 2] = k2;
    return element;
  }

  /** Deletes a key that is there. */
  remove(k0: number, k1: number, k2: number): void {
    this.release(this.#hash(k0, k1, k2), this.find(k0, k1, k2));
  }
}

/** A map with a four-byte key: lb4_backends_v3. */
export class BackendMap extends Htab {
  find(id: number): number {
    const words = this.words;
    const hash = jhash1(id, this.seed);
    let element = words[this.bucketOf(hash)]!;
    while (element !== MISS) {
      if (words[element + HASH] === hash && words[element + KEY] === id) return element;
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  probes(id: number): number {
    return countProbes(this.words, this.bucketOf(jhash1(id, this.seed)), this.find(id));
  }

  insert(id: number): number {
    const element = this.take(jhash1(id, this.seed));
    this.words[element + KEY] = id;
    return element;
  }

  /** Deletes a key that is there. */
  remove(id: number): void {
    this.release(jhash1(id, this.seed), this.find(id));
  }
}

/** A map with a two-byte key: lb4_maglev's outer map. Its hash is taken bytewise, as two bytes are no whole word. */
export class OuterMap extends Htab {
  find(revNat: number): number {
    const words = this.words;
    const hash = jhashU16(revNat, this.seed);
    let element = words[this.bucketOf(hash)]!;
    while (element !== MISS) {
      if (words[element + HASH] === hash && words[element + KEY] === revNat) return element;
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  probes(revNat: number): number {
    return countProbes(this.words, this.bucketOf(jhashU16(revNat, this.seed)), this.find(revNat));
  }

  insert(revNat: number): number {
    const element = this.take(jhashU16(revNat, this.seed));
    this.words[element + KEY] = revNat;
    return element;
  }

  /** Writes a key, new or not. Returns its element, whose value the caller writes. */
  update(revNat: number): number {
    const old = this.find(revNat);
    if (old === MISS) return this.insert(revNat);
    const element = this.replace(jhashU16(revNat, this.seed), old);
    this.words[element + KEY] = revNat;
    return element;
  }
}

function countProbes(words: Int32Array, bucket: number, found: number): number {
  let probes = 0;
  for (let element = words[bucket]!; element !== MISS; element = words[element + NEXT]!) {
    probes++;
    if (element === found) break;
  }
  return probes;
}

/** A hash ipset (net/netfilter/ipset/ip_set_hash_gen.h): buckets are arrays, and the table doubles when one is full. */

import type { Family } from "../../../cluster/family.js";
import { jhash1, jhash2, jhash3, jhashBehindZeros } from "../../shared/jhash.js";

/** kube-proxy creates its sets with hashsize 1024 and maxelem 65536, and has no setting for either. */
const HASH_BITS = 10;
export const MAX_ELEMENTS = 65536;
/** AHASH_MAX_SIZE: a bucket's array grows by 2 up to 12 elements; one more and the table doubles. */
const BUCKET_ELEMENTS = 12;
const BUCKET_STEP = 2;
/** struct hbucket: rcu_head 16 bytes, `used` bitmap 8, size and pos, then the array at byte 32. */
const HEADER_WORDS = 8;
const POSITION = 6;
/** Arrays come from kmalloc; the model starts each on a cache line. */
const LINE_WORDS = 16;

/**
 * Words of an element in IPv6, by those of IPv4: an address has four (hash_ip6_elem, hash_ipport6_elem, hash_ipportip6_elem). The
 * model fills as many as in IPv4, with the numbers that stand for addresses.
 */
const IPV6_WORDS = { 1: 4, 2: 5, 3: 9 } as const;

/** Words of an element of a set in the kernel, by how many the model fills. */
export function elementWords(width: 1 | 2 | 3, family: Family): number {
  return family === 4 ? width : IPV6_WORDS[width];
}

/** Elements of one, two or three words: `hash:ip`, `hash:ip,port`, `hash:ip,port,ip` and `hash:ip,port,net`. */
export class IpSet {
  /** Distinct elements. */
  size: number;
  readonly #width: 1 | 2 | 3;
  /** Words from one element to the next, and of the key that is hashed. */
  readonly #stride: number;
  readonly #isIpv6: boolean;
  readonly #mask: number;
  readonly #initval: number;
  /** Heads of 8 bytes, then the buckets' arrays. */
  readonly #words: Int32Array;
  /** Arrays that a longer one replaced, by their words; and where fresh ones begin. */
  readonly #freed = new Map<number, number[]>();
  #free: number;

  /** `elements`: `width` words each; repeated ones count once, as `ipset add -exist` would. `spare`: room to add so many. */
  constructor(elements: Int32Array, width: 1 | 2 | 3, initval: number, spare = 0, family: Family = 4) {
    const stride = elementWords(width, family);
    const kind = { width, stride, initval };
    let bits = HASH_BITS;
    let chains = chain(elements, kind, bits);
    while (chains === null) chains = chain(elements, kind, ++bits);
    const { heads, next, size } = chains;

    const counts = heads.map((head) => count(head, next));
    const end = counts.reduce((total, n) => total + arrayWords(n, stride), heads.length * 2);
    const words = new Int32Array(end + spare * arrayWords(BUCKET_ELEMENTS, stride));
    let free = heads.length * 2;
    for (let bucket = 0; bucket < heads.length; bucket++) {
      const n = counts[bucket]!;
      if (n === 0) continue;
      words[bucket * 2] = free;
      words[free + POSITION] = n;
      let at = free + HEADER_WORDS;
      for (let i = heads[bucket]!; i >= 0; i = next[i]!) {
        for (let w = 0; w < width; w++) words[at + w] = elements[i * width + w]!;
        at += stride;
      }
      free += arrayWords(n, stride);
    }
    this.size = size;
    this.#width = width;
    this.#stride = stride;
    this.#isIpv6 = family === 6;
    this.#mask = heads.length - 1;
    this.#initval = initval;
    this.#words = words;
    this.#free = end;
  }

  /** mtype_add: behind the others of its bucket, in an array two longer where that one is full. Doubling is left out. */
  add(element: Int32Array): void {
    const words = this.#words;
    const bucket = this.#bucketOf(element);
    const old = words[bucket]!;
    const n = old === 0 ? 0 : words[old + POSITION]!;
    if (this.#positionOf(element) >= 0) return;
    let array = old;
    if (arrayWords(n + 1, this.#stride) !== arrayWords(n, this.#stride)) {
      array = this.#allocate(arrayWords(n + 1, this.#stride));
      if (old !== 0) {
        words.copyWithin(array, old, old + HEADER_WORDS + n * this.#stride);
        this.#release(old, arrayWords(n, this.#stride));
      }
      words[bucket] = array;
    }
    words.set(element, array + HEADER_WORDS + n * this.#stride);
    words[array + POSITION] = n + 1;
    this.size++;
  }

  /** mtype_del; the last of the bucket takes its place, as mtype_resize would have it. */
  remove(element: Int32Array): void {
    const words = this.#words;
    const at = this.#positionOf(element);
    if (at < 0) return;
    const bucket = this.#bucketOf(element);
    const array = words[bucket]!;
    const n = words[array + POSITION]! - 1;
    const last = array + HEADER_WORDS + n * this.#stride;
    words.copyWithin(at, last, last + this.#stride);
    words[array + POSITION] = n;
    this.size--;
    // An array that is one line too long now would be too short for `add`'s arithmetic later.
    if (n === 0) {
      this.#release(array, arrayWords(1, this.#stride));
      words[bucket] = 0;
    } else if (arrayWords(n, this.#stride) !== arrayWords(n + 1, this.#stride)) {
      const shorter = this.#allocate(arrayWords(n, this.#stride));
      words.copyWithin(shorter, array, array + HEADER_WORDS + n * this.#stride);
      this.#release(array, arrayWords(n + 1, this.#stride));
      words[bucket] = shorter;
    }
  }

  #bucketOf(element: Int32Array): number {
    return (
      (hashElement(element, 0, { width: this.#width, stride: this.#stride, initval: this.#initval }) &
        this.#mask) *
      2
    );
  }

  /** Word where an element is stored, or -1. */
  #positionOf(element: Int32Array): number {
    const words = this.#words;
    const array = words[this.#bucketOf(element)]!;
    if (array === 0) return -1;
    const first = array + HEADER_WORDS;
    for (let i = 0; i < words[array + POSITION]!; i++) {
      const at = first + i * this.#stride;
      if (element.every((word, w) => words[at + w] === word)) return at;
    }
    return -1;
  }

  #allocate(length: number): number {
    const freed = this.#freed.get(length)?.pop();
    if (freed !== undefined) return freed;
    const array = this.#free;
    this.#free += length;
    if (this.#free > this.#words.length) throw new RangeError("an ipset has no room for another element");
    return array;
  }

  #release(array: number, length: number): void {
    const freed = this.#freed.get(length);
    if (freed) freed.push(array);
    else this.#freed.set(length, [array]);
  }

  /** Memory as the kernel would spend it, derived: heads, and arrays up to their step. */
  bytes(): number {
    const heads = this.#mask + 1;
    let total = heads * 8;
    for (let bucket = 0; bucket < heads; bucket++) {
      const array = this.#words[bucket * 2]!;
      if (array === 0) continue;
      const capacity = Math.ceil(this.#words[array + POSITION]! / BUCKET_STEP) * BUCKET_STEP;
      total += HEADER_WORDS * 4 + capacity * this.#stride * 4;
    }
    return total;
  }

  /** Whether the set holds an element of one word. */
  has1(a: number): boolean {
    const words = this.#words;
    const array = words[(this.#hash1(a) & this.#mask) * 2]!;
    if (array === 0) return false;
    const end = array + HEADER_WORDS + words[array + POSITION]! * this.#stride;
    for (let at = array + HEADER_WORDS; at < end; at += this.#stride) {
      if (words[at] === a) return true;
    }
    return false;
  }

  /** Whether the set holds an element of two words. */
  has2(a: number, b: number): boolean {
    const words = this.#words;
    const array = words[(this.#hash2(a, b) & this.#mask) * 2]!;
    if (array === 0) return false;
    const end = array + HEADER_WORDS + words[array + POSITION]! * this.#stride;
    for (let at = array + HEADER_WORDS; at < end; at += this.#stride) {
      if (words[at] === a && words[at + 1] === b) return true;
    }
    return false;
  }

  /** Whether the set holds an element of three words. */
  has3(a: number, b: number, c: number): boolean {
    const words = this.#words;
    const array = words[(this.#hash3(a, b, c) & this.#mask) * 2]!;
    if (array === 0) return false;
    const end = array + HEADER_WORDS + words[array + POSITION]! * this.#stride;
    for (let at = array + HEADER_WORDS; at < end; at += this.#stride) {
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c) return true;
    }
    return false;
  }

  #hash1(a: number): number {
    return this.#isIpv6 ? jhashBehindZeros(a, 0, 0, this.#stride, this.#initval) : jhash1(a, this.#initval);
  }

  #hash2(a: number, b: number): number {
    return this.#isIpv6
      ? jhashBehindZeros(a, b, 0, this.#stride, this.#initval)
      : jhash2(a, b, this.#initval);
  }

  #hash3(a: number, b: number, c: number): number {
    return this.#isIpv6
      ? jhashBehindZeros(a, b, c, this.#stride, this.#initval)
      : jhash3(a, b, c, this.#initval);
  }
}

/** What elements of a set are like. */
interface ElementKind {
  readonly width: 1 | 2 | 3;
  readonly stride: number;
  readonly initval: number;
}

interface Chains {
  /** Bucket → its first element, or -1. */
  readonly heads: Int32Array;
  readonly next: Int32Array;
  readonly size: number;
}

/** Sorts elements into 2^bits buckets; null when one bucket would hold more than an array may. */
function chain(elements: Int32Array, kind: ElementKind, bits: number): Chains | null {
  const { width } = kind;
  const total = elements.length / width;
  const heads = new Int32Array(2 ** bits).fill(-1);
  const next = new Int32Array(total);
  let size = 0;
  for (let i = 0; i < total; i++) {
    const bucket = hashElement(elements, i * width, kind) & (heads.length - 1);
    let length = 0;
    let other = heads[bucket]!;
    while (other >= 0 && !equal(elements, other * width, i * width, width)) {
      length++;
      other = next[other]!;
    }
    if (other >= 0) continue;
    if (length === BUCKET_ELEMENTS) return null;
    next[i] = heads[bucket]!;
    heads[bucket] = i;
    size++;
  }
  return { heads, next, size };
}

function hashElement(elements: Int32Array, at: number, { width, stride, initval }: ElementKind): number {
  const word = (index: number) => (index < width ? elements[at + index]! : 0);
  if (stride > width) return jhashBehindZeros(word(0), word(1), word(2), stride, initval);
  if (width === 1) return jhash1(elements[at]!, initval);
  if (width === 2) return jhash2(elements[at]!, elements[at + 1]!, initval);
  return jhash3(elements[at]!, elements[at + 1]!, elements[at + 2]!, initval);
}

function equal(elements: Int32Array, a: number, b: number, width: number): boolean {
  for (let w = 0; w < width; w++) if (elements[a + w] !== elements[b + w]) return false;
  return true;
}

function count(head: number, next: Int32Array): number {
  let n = 0;
  for (let i = head; i >= 0; i = next[i]!) n++;
  return n;
}

function arrayWords(elements: number, width: number): number {
  if (elements === 0) return 0;
  const words = HEADER_WORDS + Math.ceil(elements / BUCKET_STEP) * BUCKET_STEP * width;
  return Math.ceil(words / LINE_WORDS) * LINE_WORDS;
}

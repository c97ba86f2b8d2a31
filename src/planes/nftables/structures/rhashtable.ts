/**
 * The kernel's resizable hash table (lib/rhashtable.c) as nft_set_rhash uses it for maps and sets without a declared
 * size: jhash over the whole key, grows twofold above 75 % load, and stores no hash, so each probe compares keys.
 */

import { jhash1, jhash2, jhash3, jhash4 } from "../../shared/jhash.js";

/** struct nft_rhash_elem: rhash_head, extension, key at byte 40, verdict behind it; 96-byte slabs. */
export const ELEMENT_WORDS = 24;
const NEXT = 0;
const KEY = 10;
const VALUE = 16;
const BUCKET_WORDS = 2;
const MIN_BUCKETS = 4;
const TO_CACHE_LINE_WORDS = 12;

export const MISS = 0;

/** Buckets for `elements`: the least power of two, from 4, that they fill to at most three quarters. */
export function rhashBuckets(elements: number): number {
  let buckets = MIN_BUCKETS;
  while (elements > buckets * 0.75) buckets *= 2;
  return buckets;
}

class Rhashtable {
  readonly words: Int32Array;
  readonly size: number;
  protected readonly seed: number;
  protected readonly mask: number;
  #free: number;
  /** Elements that were deleted, by their NEXT. */
  #freed = MISS;

  /** `spare`: room for elements that come later. The table does not grow for them. */
  constructor(elements: number, seed: number, spare = 0) {
    const buckets = rhashBuckets(elements);
    const first = TO_CACHE_LINE_WORDS + buckets * BUCKET_WORDS;
    this.words = new Int32Array(first + (elements + spare) * ELEMENT_WORDS);
    this.size = elements;
    this.seed = seed;
    this.mask = buckets - 1;
    this.#free = first;
  }

  /** What is stored with an element: a chain's place, or a verdict. */
  value(element: number): number {
    return this.words[element + VALUE]!;
  }

  protected bucketOf(hash: number): number {
    return TO_CACHE_LINE_WORDS + (hash & this.mask) * BUCKET_WORDS;
  }

  protected link(hash: number, k0: number, k1: number, k2: number, value: number): void {
    const words = this.words;
    let element = this.#freed;
    if (element !== MISS) this.#freed = words[element + NEXT]!;
    else {
      element = this.#free;
      this.#free += ELEMENT_WORDS;
    }
    const bucket = this.bucketOf(hash);
    words[element + NEXT] = words[bucket]!;
    words[element + KEY] = k0;
    words[element + KEY + 1] = k1;
    words[element + KEY + 2] = k2;
    words[element + VALUE] = value;
    words[bucket] = element;
  }

  protected unlink(hash: number, element: number): void {
    const words = this.words;
    // A bucket's head and an element's NEXT are both its first word.
    let before = this.bucketOf(hash);
    while (words[before] !== element) before = words[before]!;
    words[before] = words[element + NEXT]!;
    words[element + NEXT] = this.#freed;
    this.#freed = element;
  }

  protected countProbes(hash: number, found: number): number {
    let probes = 0;
    for (let e = this.words[this.bucketOf(hash)]!; e !== MISS; e = this.words[e + NEXT]!) {
      probes++;
      if (e === found) break;
    }
    return probes;
  }
}

/** ipv4_addr . inet_proto . inet_service: each field padded to a word. */
export class ServiceTable extends Rhashtable {
  find(address: number, protocol: number, port: number): number {
    const words = this.words;
    let element = words[this.bucketOf(jhash3(address, protocol, port, this.seed))]!;
    while (element !== MISS) {
      if (
        words[element + KEY] === address &&
        words[element + KEY + 1] === protocol &&
        words[element + KEY + 2] === port
      ) {
        return element;
      }
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  probes(address: number, protocol: number, port: number): number {
    return this.countProbes(jhash3(address, protocol, port, this.seed), this.find(address, protocol, port));
  }

  insert(address: number, protocol: number, port: number, value: number): void {
    this.link(jhash3(address, protocol, port, this.seed), address, protocol, port, value);
  }

  /** Deletes an element that is there. */
  remove(address: number, protocol: number, port: number): void {
    this.unlink(jhash3(address, protocol, port, this.seed), this.find(address, protocol, port));
  }
}

/** inet_proto . inet_service. */
export class NodePortTable extends Rhashtable {
  find(protocol: number, port: number): number {
    const words = this.words;
    let element = words[this.bucketOf(jhash2(protocol, port, this.seed))]!;
    while (element !== MISS) {
      if (words[element + KEY] === protocol && words[element + KEY + 1] === port) return element;
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  probes(protocol: number, port: number): number {
    return this.countProbes(jhash2(protocol, port, this.seed), this.find(protocol, port));
  }

  insert(protocol: number, port: number, value: number): void {
    this.link(jhash2(protocol, port, this.seed), protocol, port, 0, value);
  }

  /** Deletes an element that is there. */
  remove(protocol: number, port: number): void {
    this.unlink(jhash2(protocol, port, this.seed), this.find(protocol, port));
  }
}

/** ipv4_addr: the set cluster-ips. */
export class AddressSet extends Rhashtable {
  find(address: number): number {
    const words = this.words;
    let element = words[this.bucketOf(jhash1(address, this.seed))]!;
    while (element !== MISS) {
      if (words[element + KEY] === address) return element;
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  probes(address: number): number {
    return this.countProbes(jhash1(address, this.seed), this.find(address));
  }

  insert(address: number): void {
    this.link(jhash1(address, this.seed), address, 0, 0, 0);
  }
}

/** ipv4_addr . ipv4_addr . inet_proto . inet_service: the set hairpin-connections, whose two addresses are the same. */
export class HairpinSet extends Rhashtable {
  find(source: number, address: number, protocol: number, port: number): number {
    const words = this.words;
    let element = words[this.bucketOf(jhash4(source, address, protocol, port, this.seed))]!;
    while (element !== MISS) {
      if (
        source === address &&
        words[element + KEY] === address &&
        words[element + KEY + 1] === protocol &&
        words[element + KEY + 2] === port
      ) {
        return element;
      }
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  probes(source: number, address: number, protocol: number, port: number): number {
    const hash = jhash4(source, address, protocol, port, this.seed);
    return this.countProbes(hash, this.find(source, address, protocol, port));
  }

  /** Adds an element unless it is there: service-ports may share an endpoint. */
  insert(address: number, protocol: number, port: number): void {
    if (this.find(address, address, protocol, port) !== MISS) return;
    this.link(jhash4(address, address, protocol, port, this.seed), address, protocol, port, 0);
  }

  /** Deletes an element that is there. */
  remove(address: number, protocol: number, port: number): void {
    const element = this.find(address, address, protocol, port);
    this.unlink(jhash4(address, address, protocol, port, this.seed), element);
  }
}

/**
 * cali_v4_nat_be and cali_v4_mglv: hash maps without preallocation (kernel/bpf/hashtab.c), from a service's
 * id and an ordinal, or a place of its Maglev table, to an endpoint.
 */

import type { Cluster } from "../../../cluster/cluster.js";
import { MapFullError } from "../../../errors.js";
import { jhash2 } from "../../shared/jhash.js";
import {
  BACKEND_ADDRESS,
  BACKEND_ENDPOINT,
  BACKEND_PORT,
  BACKEND_WORDS,
  BUCKET_WORDS,
  HASH,
  KEY,
  NEXT,
} from "../layout.js";

/** Large ArrayBuffers begin 16 bytes behind a page boundary (the allocator's header): 48 bytes on, a cache line begins. */
const TO_CACHE_LINE_WORDS = 12;

/** No element: offset 0 is a bucket. */
export const NO_BACKEND = 0;

/** struct calico_nat_dest, and the endpoint's number in the model. */
export interface Destination {
  readonly address: number;
  readonly port: number;
  readonly endpoint: number;
}

/** What a row of the cluster's endpoints stands for in a map. */
export function destinationOf(cluster: Cluster, row: number, endpoint: number): Destination {
  return { address: cluster.endpointAddress[row]!, port: cluster.endpointPort[row]!, endpoint };
}

/** Grows beyond the expected elements: `words` is then another array, so it must not be kept across writes. */
export class BackendMap {
  words: Int32Array;
  readonly maxEntries: number;
  readonly #remedy: string;
  readonly #seed: number;
  readonly #mask: number;
  #entries = 0;
  #next: number;
  /** Elements that were freed, by their NEXT. */
  #freed = NO_BACKEND;

  /** `remedy`: what to do where it is full, in words. */
  constructor(maxEntries: number, expected: number, seed: number, remedy: string) {
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(1, maxEntries)));
    this.maxEntries = maxEntries;
    this.#remedy = remedy;
    this.#seed = seed;
    this.#mask = buckets - 1;
    this.#next = TO_CACHE_LINE_WORDS + buckets * BUCKET_WORDS;
    this.words = new Int32Array(this.#next + (expected + 1) * BACKEND_WORDS);
  }

  /** The element of an ordinal, or NO_BACKEND. */
  find(id: number, ordinal: number): number {
    const words = this.words;
    const hash = jhash2(id, ordinal, this.#seed);
    let element = words[TO_CACHE_LINE_WORDS + (hash & this.#mask) * BUCKET_WORDS]!;
    while (element !== NO_BACKEND) {
      if (
        words[element + HASH] === hash &&
        words[element + KEY] === id &&
        words[element + KEY + 1] === ordinal
      ) {
        return element;
      }
      element = words[element + NEXT]!;
    }
    return NO_BACKEND;
  }

  /** Elements that `find` compares. */
  probes(id: number, ordinal: number): number {
    const found = this.find(id, ordinal);
    let probes = 0;
    for (let at = this.words[this.#bucket(id, ordinal)]!; at !== NO_BACKEND; at = this.words[at + NEXT]!) {
      probes++;
      if (at === found) break;
    }
    return probes;
  }

  /** Writes an ordinal, new or not. Throws MapFullError. */
  write(id: number, ordinal: number, { address, port, endpoint }: Destination): void {
    const element = this.#element(id, ordinal);
    this.words[element + BACKEND_ADDRESS] = address;
    this.words[element + BACKEND_PORT] = port;
    this.words[element + BACKEND_ENDPOINT] = endpoint;
  }

  /** Deletes an ordinal that is there. */
  remove(id: number, ordinal: number): void {
    this.#release(this.#bucket(id, ordinal), this.find(id, ordinal));
  }

  /** An element for an ordinal, new or not. The kernel allocates the new one before it frees the old one. */
  #element(id: number, ordinal: number): number {
    const old = this.find(id, ordinal);
    if (old === NO_BACKEND && this.#entries === this.maxEntries) {
      throw new MapFullError(
        `a map of Calico's backends holds ${this.maxEntries} entries and is full: the kernel refuses (E2BIG); ${this.#remedy}`,
      );
    }
    const element = this.#take();
    const { words } = this;
    const bucket = this.#bucket(id, ordinal);
    words[element + NEXT] = words[bucket]!;
    words[element + HASH] = jhash2(id, ordinal, this.#seed);
    words[element + KEY] = id;
    words[element + KEY + 1] = ordinal;
    words[bucket] = element;
    this.#entries++;
    if (old !== NO_BACKEND) this.#release(bucket, old);
    return element;
  }

  #bucket(id: number, ordinal: number): number {
    return TO_CACHE_LINE_WORDS + (jhash2(id, ordinal, this.#seed) & this.#mask) * BUCKET_WORDS;
  }

  #take(): number {
    const element = this.#freed;
    if (element !== NO_BACKEND) {
      this.#freed = this.words[element + NEXT]!;
      return element;
    }
    const fresh = this.#next;
    this.#next += BACKEND_WORDS;
    if (this.#next > this.words.length) {
      const larger = new Int32Array(2 * this.words.length);
      larger.set(this.words);
      this.words = larger;
    }
    return fresh;
  }

  #release(bucket: number, element: number): void {
    const { words } = this;
    // A bucket's head and an element's NEXT are both its first word.
    let before = bucket;
    while (words[before] !== element) before = words[before]!;
    words[before] = words[element + NEXT]!;
    words[element + NEXT] = this.#freed;
    this.#freed = element;
    this.#entries--;
  }
}

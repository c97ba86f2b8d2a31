/** cali_v4_nat_be: a hash map without preallocation (kernel/bpf/hashtab.c), from (service id, ordinal) to an endpoint. */

import { MapFullError } from "../../../errors.js";
import { jhash2 } from "../../shared/jhash.js";
import { BACKEND_WORDS, BUCKET_WORDS, HASH, KEY, NEXT } from "../layout.js";

/** Large ArrayBuffers begin 16 bytes behind a page boundary (the allocator's header): 48 bytes on, a cache line begins. */
const TO_CACHE_LINE_WORDS = 12;

/** No element: offset 0 is a bucket. */
const MISS = 0;

export class BackendMap {
  words: Int32Array;
  readonly maxEntries: number;
  readonly #seed: number;
  readonly #mask: number;
  #entries = 0;
  #next: number;
  /** Elements that were freed, by their NEXT. */
  #freed = MISS;

  constructor(maxEntries: number, expected: number, seed: number) {
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(1, maxEntries)));
    this.maxEntries = maxEntries;
    this.#seed = seed;
    this.#mask = buckets - 1;
    this.#next = TO_CACHE_LINE_WORDS + buckets * BUCKET_WORDS;
    this.words = new Int32Array(this.#next + (expected + 1) * BACKEND_WORDS);
  }

  /** The element of an ordinal, or MISS. */
  find(id: number, ordinal: number): number {
    const words = this.words;
    const hash = jhash2(id, ordinal, this.#seed);
    let element = words[TO_CACHE_LINE_WORDS + (hash & this.#mask) * BUCKET_WORDS]!;
    while (element !== MISS) {
      if (
        words[element + HASH] === hash &&
        words[element + KEY] === id &&
        words[element + KEY + 1] === ordinal
      ) {
        return element;
      }
      element = words[element + NEXT]!;
    }
    return MISS;
  }

  /** Elements that `find` compares. */
  probes(id: number, ordinal: number): number {
    const found = this.find(id, ordinal);
    let probes = 0;
    for (let at = this.words[this.#bucket(id, ordinal)]!; at !== MISS; at = this.words[at + NEXT]!) {
      probes++;
      if (at === found) break;
    }
    return probes;
  }

  /**
   * Writes an ordinal, new or not, and returns its element, whose value the caller writes. The kernel allocates the new element before it frees the
   * old one. Throws MapFullError.
   */
  update(id: number, ordinal: number): number {
    const old = this.find(id, ordinal);
    if (old === MISS && this.#entries === this.maxEntries) {
      throw new MapFullError(
        `Calico's backend map holds ${this.maxEntries} entries and is full: the kernel refuses (E2BIG); raise bpfMapSizeNATBackend`,
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
    if (old !== MISS) this.#release(bucket, old);
    return element;
  }

  /** Deletes an ordinal that is there. */
  remove(id: number, ordinal: number): void {
    this.#release(this.#bucket(id, ordinal), this.find(id, ordinal));
  }

  #bucket(id: number, ordinal: number): number {
    return TO_CACHE_LINE_WORDS + (jhash2(id, ordinal, this.#seed) & this.#mask) * BUCKET_WORDS;
  }

  #take(): number {
    const element = this.#freed;
    if (element !== MISS) {
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

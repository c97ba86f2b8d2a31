/** BPF_MAP_TYPE_LPM_TRIE (kernel/bpf/lpm_trie.c): a binary trie that skips bits in which nothing differs. */

import { MapFullError } from "../../../errors.js";

/**
 * struct lpm_trie_node: two children, 16 bytes; u32 prefixlen, u32 flags; data and value, and 8 bytes of the
 * allocator's. A frontend of Calico's (12 bytes of data, 20 of value) fills the 64-byte class, one cache
 * line; smaller nodes come from the same class.
 */
export const NODE_WORDS = 16;
/**
 * Of Calico's in IPv6 (36 bytes of data): the 96-byte class, so that every second node lies on two lines. The model has its data
 * where IPv4 has it, with the numbers that stand for addresses: what a walk reads is on the same lines.
 */
export const WIDE_NODE_WORDS = 24;
const CHILD = 0;
export const PREFIX_LENGTH = 4;
export const NODE_FLAGS = 5;
export const INTERMEDIATE = 1;
/** Data as big-endian words, so that leading zeros of a difference count equal bits. */
export const DATA = 6;

/** Large ArrayBuffers begin 16 bytes behind a page boundary (the allocator's header): 48 bytes on, a cache line begins. */
const TO_CACHE_LINE_WORDS = 12;
/** Child 1 follows child 0, a pointer of 8 bytes. */
const CHILD_STRIDE = 2;

/** No node. */
export const MISS = 0;

/** One trie whose keys have up to 96 bits. Nodes have numbers: where their words begin. */
export class LpmTrie {
  words: Int32Array;
  readonly maxEntries: number;
  /** From one node to the next. */
  readonly nodeWords: number;
  #entries = 0;
  #nodes = 0;
  #next = TO_CACHE_LINE_WORDS;
  /** Nodes that were freed, by their first child: the allocator hands out the last one first. */
  #freed = MISS;
  /** Word 0 holds the root, so that a link to a node is always a word of the array. */
  readonly #root = 0;

  readonly #remedy: string;

  /** `expected` entries get room at once; more get it when they come. `remedy`: what makes room beyond `maxEntries`. */
  constructor(maxEntries: number, expected: number, remedy: string, nodeWords = NODE_WORDS) {
    this.maxEntries = maxEntries;
    this.nodeWords = nodeWords;
    this.#remedy = remedy;
    // Every entry brings at most one intermediate node; an update needs a spare one.
    this.words = new Int32Array(TO_CACHE_LINE_WORDS + (2 * expected + 2) * nodeWords);
  }

  /** Entries, without intermediate nodes: what max_entries bounds. */
  get entries(): number {
    return this.#entries;
  }

  /** Nodes, intermediate ones included: what memory holds. */
  get nodes(): number {
    return this.#nodes;
  }

  get root(): number {
    return this.words[this.#root]!;
  }

  /**
   * trie_lookup_elem: the longest prefix that covers the first `length` bits of a key, or MISS. The key is three big-endian
   * words. The exit for a full match of max_prefixlen bits is left out: a node of as many has no children.
   */
  find(k0: number, k1: number, k2: number, length: number): number {
    const words = this.words;
    let found = MISS;
    let node = words[0]!;
    while (node !== MISS) {
      const prefix = words[node + PREFIX_LENGTH]!;
      let same: number;
      let difference = words[node + DATA]! ^ k0;
      if (difference !== 0) same = Math.clz32(difference);
      else {
        difference = words[node + DATA + 1]! ^ k1;
        if (difference !== 0) same = 32 + Math.clz32(difference);
        else same = 64 + Math.clz32(words[node + DATA + 2]! ^ k2);
      }
      if (same < prefix || length < prefix) break;
      if ((words[node + NODE_FLAGS]! & INTERMEDIATE) === 0) found = node;
      // extract_bit of the key, behind the node's prefix.
      const word = prefix < 32 ? k0 : prefix < 64 ? k1 : k2;
      node = words[node + CHILD + ((word >>> (31 - (prefix & 31))) & 1) * CHILD_STRIDE]!;
    }
    return found;
  }

  /** Nodes that `find` reads, in order, the one that ends the walk included. */
  path(k0: number, k1: number, k2: number, length: number): readonly number[] {
    const key = [k0, k1, k2] as const;
    const visited: number[] = [];
    for (let node = this.root; node !== MISS; ) {
      visited.push(node);
      const prefix = this.words[node + PREFIX_LENGTH]!;
      if (this.#match(node, key, length) < prefix) break;
      node = this.words[this.#child(node, bit(key, prefix))]!;
    }
    return visited;
  }

  /** trie_update_elem: writes an entry, new or not. Returns its node, whose value the caller writes. Throws MapFullError. */
  update(k0: number, k1: number, k2: number, length: number): number {
    const key = [k0, k1, k2] as const;
    let slot = this.#root;
    let node = this.words[slot]!;
    let matched = 0;
    while (node !== MISS) {
      const prefix = this.words[node + PREFIX_LENGTH]!;
      matched = this.#match(node, key, length);
      if (prefix !== matched || prefix === length) break;
      slot = this.#child(node, bit(key, prefix));
      node = this.words[slot]!;
    }
    const replaces = node !== MISS && matched === length && this.words[node + PREFIX_LENGTH] === length;
    const counted = replaces && (this.words[node + NODE_FLAGS]! & INTERMEDIATE) === 0;
    if (!counted && this.#entries === this.maxEntries) {
      throw new MapFullError(
        `the trie holds ${this.maxEntries} entries and is full: the kernel refuses (ENOSPC); ${this.#remedy}`,
      );
    }
    if (!counted) this.#entries++;
    const made = this.#take(key, length, 0);
    const words = this.words;
    if (node === MISS) {
      words[slot] = made;
    } else if (replaces) {
      words[made + CHILD] = words[node + CHILD]!;
      words[made + CHILD + CHILD_STRIDE] = words[node + CHILD + CHILD_STRIDE]!;
      words[slot] = made;
      this.#free(node);
    } else if (matched === length) {
      // The new prefix covers the node: it becomes its parent.
      words[this.#child(made, this.#bitOf(node, length))] = node;
      words[slot] = made;
    } else {
      const between = this.#take(key, matched, INTERMEDIATE);
      const side = bit(key, matched);
      this.words[this.#child(between, side)] = made;
      this.words[this.#child(between, side ^ 1)] = node;
      this.words[slot] = between;
    }
    return made;
  }

  /** trie_delete_elem. Returns whether the entry was there. */
  remove(k0: number, k1: number, k2: number, length: number): boolean {
    const key = [k0, k1, k2] as const;
    const { words } = this;
    let trim = this.#root;
    let trimParent = trim;
    let parent = MISS;
    let node = words[trim]!;
    while (node !== MISS) {
      const prefix = words[node + PREFIX_LENGTH]!;
      const matched = this.#match(node, key, length);
      if (prefix !== matched || prefix === length) break;
      parent = node;
      trimParent = trim;
      trim = this.#child(node, bit(key, prefix));
      node = words[trim]!;
    }
    if (
      node === MISS ||
      words[node + PREFIX_LENGTH] !== length ||
      this.#match(node, key, length) !== length ||
      (words[node + NODE_FLAGS]! & INTERMEDIATE) !== 0
    ) {
      return false;
    }
    this.#entries--;
    const [left, right] = [words[node + CHILD]!, words[node + CHILD + CHILD_STRIDE]!];
    if (left !== MISS && right !== MISS) {
      words[node + NODE_FLAGS] = INTERMEDIATE;
      return true;
    }
    const bare = left === MISS && right === MISS;
    if (parent !== MISS && (words[parent + NODE_FLAGS]! & INTERMEDIATE) !== 0 && bare) {
      // The parent has nothing left to tell apart: its other child takes its place.
      const isLeft = words[parent + CHILD] === node;
      words[trimParent] = words[parent + CHILD + (isLeft ? CHILD_STRIDE : 0)]!;
      this.#free(parent);
    } else words[trim] = left !== MISS ? left : right;
    this.#free(node);
    return true;
  }

  /** longest_prefix_match. */
  #match(node: number, key: readonly [number, number, number], length: number): number {
    const { words } = this;
    const limit = Math.min(words[node + PREFIX_LENGTH]!, length);
    let same = 0;
    for (const word of [0, 1, 2] as const) {
      const equal = Math.clz32(words[node + DATA + word]! ^ key[word]);
      same += equal;
      if (equal < 32) break;
    }
    return Math.min(same, limit);
  }

  #bitOf(node: number, at: number): number {
    const { words } = this;
    return bit([words[node + DATA]!, words[node + DATA + 1]!, words[node + DATA + 2]!], at);
  }

  #child(node: number, side: number): number {
    return node + CHILD + side * CHILD_STRIDE;
  }

  #take(key: readonly [number, number, number], length: number, flags: number): number {
    let node = this.#freed;
    if (node !== MISS) this.#freed = this.words[node]!;
    else {
      node = this.#next;
      this.#next += this.nodeWords;
      if (this.#next > this.words.length) {
        const larger = new Int32Array(2 * this.words.length);
        larger.set(this.words);
        this.words = larger;
      }
    }
    this.#nodes++;
    const { words } = this;
    words.fill(0, node, node + this.nodeWords);
    words[node + PREFIX_LENGTH] = length;
    words[node + NODE_FLAGS] = flags;
    words[node + DATA] = key[0];
    words[node + DATA + 1] = key[1];
    words[node + DATA + 2] = key[2];
    return node;
  }

  #free(node: number): void {
    this.#nodes--;
    this.words[node] = this.#freed;
    this.#freed = node;
  }
}

/** extract_bit: bit `at` of a key, the most significant first. */
function bit(key: readonly [number, number, number], at: number): number {
  return (key[at >>> 5]! >>> (31 - (at & 31))) & 1;
}

/**
 * The kernel's table of IPv4 routes (net/ipv4/fib_trie.c): a trie that skips bits in which no routes differ, and whose nodes have
 * 2^bits children, doubled and halved as they fill (a dynamic LC-trie, after Nilsson and Tikkanen). A node without custom rules
 * has its tables local and main in one trie, until a rule is added (fib_unmerge).
 */

import {
  ALIAS_SHAPE,
  ALIAS_SUFFIX_SHIFT,
  BITS_SHIFT,
  BYTE,
  CHILD_WORDS,
  CHILDREN,
  FibNodes,
  KEY,
  KEY_LENGTH,
  LEAF_BITS,
  NULL,
  PARENT,
  ROOT,
  SHAPE,
  SUFFIX_SHIFT,
} from "./fib-nodes.js";
import { rebalance } from "./fib-resize.js";

/** What a route is for. */
export type RouteType = "local" | "broadcast" | "unicast";
const TYPES: readonly RouteType[] = ["unicast", "local", "broadcast"];

/** What one look-up read. */
export interface RouteWalk {
  /** Nodes read, the leaf included; a node that is read again on the way back counts once more. */
  nodes: number;
  /** Keys compared: at each node, and with each prefix of a leaf. */
  comparisons: number;
  /** Steps back to a parent, to look for a shorter prefix. */
  backtracks: number;
}

/** A route that was found. */
export interface Route {
  readonly type: RouteType;
  readonly prefixLength: number;
}

/** A node of a trie, as /proc/net/fib_trie prints it. */
export type ListedNode = { readonly depth: number; readonly key: number } & (
  | { readonly prefixLength: number; readonly bits: number; readonly full: number; readonly empty: number }
  | { readonly prefixLengths: readonly number[] }
);

export class FibTrie {
  readonly #nodes: FibNodes;

  /** `expected` routes get room at once; more get it when they come. */
  constructor(expected: number) {
    this.#nodes = new FibNodes(expected);
  }

  /** Adds a route. Returns false where there is one of this prefix. */
  insert(key: number, prefixLength: number, type: RouteType): boolean {
    const nodes = this.#nodes;
    const suffix = 32 - prefixLength;
    let parent = ROOT;
    let node = nodes.child(ROOT, 0);
    // fib_find_node: an exact match, or the parent that it would have.
    while (node !== NULL) {
      const bits = nodes.bits(node);
      const index = (key ^ nodes.key(node)) >>> nodes.pos(node);
      if (index >>> bits !== 0) node = NULL;
      else if (bits === LEAF_BITS) break;
      else {
        parent = node;
        node = nodes.child(node, index);
      }
    }
    if (node === NULL) {
      this.#insertLeaf(parent, key, suffix, TYPES.indexOf(type));
      return true;
    }
    if (!nodes.addAlias(node, suffix, TYPES.indexOf(type))) return false;
    if (nodes.suffix(node) < suffix) {
      nodes.setSuffix(node, suffix);
      this.#pushSuffix(parent, suffix);
    }
    return true;
  }

  /** fib_table_lookup: the longest prefix of an address, or null. Adds what it read to `count`. */
  find(key: number, count?: RouteWalk): Route | null {
    const alias = this.lookup(key, count);
    if (alias === NULL) return null;
    return { type: TYPES[this.#nodes.aliasType(alias)]!, prefixLength: 32 - this.#nodes.aliasSuffix(alias) };
  }

  /** `find`, whose result is the record of a route in the trie's memory, or 0. Allocates nothing. */
  lookup(key: number, count?: RouteWalk): number {
    const { words } = this.#nodes;
    let parent = ROOT;
    let index = 0;
    let node = words[ROOT + CHILDREN]!;
    if (node === NULL) return NULL;
    let isExact = true;
    // Down to a leaf, or to where the key differs.
    for (;;) {
      if (count !== undefined) {
        count.nodes++;
        count.comparisons++;
      }
      const shape = words[node + SHAPE]!;
      const pos = shape & BYTE;
      const bits = (shape >>> BITS_SHIFT) & BYTE;
      const next = (key ^ words[node + KEY]!) >>> pos;
      // A bit above the index: one that the node skips, or any bit of a leaf.
      if (next >>> bits !== 0) {
        isExact = false;
        break;
      }
      if (bits === LEAF_BITS) break;
      // Only a subtree that has shorter prefixes is worth coming back to.
      if (((shape >>> SUFFIX_SHIFT) & BYTE) > pos) {
        parent = node;
        index = next;
      }
      node = words[node + CHILDREN + CHILD_WORDS * next]!;
      if (node === NULL) break;
    }
    for (;;) {
      if (node !== NULL && !isExact) {
        if (count !== undefined) count.comparisons++;
        const own = words[node + KEY]!;
        const shape = words[node + SHAPE]!;
        const hasShorter = ((shape >>> SUFFIX_SHIFT) & BYTE) !== (shape & BYTE);
        if (((key ^ own) & (own | -own)) !== 0 || !hasShorter) node = NULL;
        else if (((shape >>> BITS_SHIFT) & BYTE) !== LEAF_BITS) {
          // The shortest prefixes lie below the first child.
          node = words[node + CHILDREN]!;
          if (node !== NULL) {
            if (count !== undefined) count.nodes++;
            continue;
          }
        }
      }
      if (node !== NULL) {
        const differs = key ^ words[node + KEY]!;
        for (let alias = words[node + CHILDREN]!; alias !== NULL; alias = words[alias]!) {
          if (count !== undefined) count.comparisons++;
          const suffix = words[alias + ALIAS_SHAPE]! >>> ALIAS_SUFFIX_SHIFT;
          if (suffix === KEY_LENGTH || differs >>> suffix === 0) return alias;
        }
      }
      isExact = false;
      // Back: clear the lowest set bit of the index, or go on from the parent where none is left.
      do {
        while (index === 0) {
          if (parent === ROOT) return NULL;
          if (count !== undefined) count.backtracks++;
          const own = words[parent + KEY]!;
          parent = words[parent + PARENT]!;
          index = parent === ROOT ? 0 : (own ^ words[parent + KEY]!) >>> (words[parent + SHAPE]! & BYTE);
        }
        index &= index - 1;
        node = words[parent + CHILDREN + CHILD_WORDS * index]!;
      } while (node === NULL);
      if (count !== undefined) count.nodes++;
    }
  }

  /** Every node in the order of keys, an internal one before what is below it. */
  *list(): Generator<ListedNode> {
    const top = this.#nodes.child(ROOT, 0);
    if (top !== NULL) yield* this.#listFrom(top, 1);
  }

  *#listFrom(node: number, depth: number): Generator<ListedNode> {
    const nodes = this.#nodes;
    const key = nodes.key(node) >>> 0;
    const bits = nodes.bits(node);
    if (bits === LEAF_BITS) {
      yield { depth, key, prefixLengths: nodes.prefixLengths(node) };
      return;
    }
    const prefixLength = 32 - nodes.pos(node) - bits;
    yield { depth, key, prefixLength, bits, full: nodes.full(node), empty: nodes.empty(node) };
    for (let i = 0; i < 2 ** bits; i++) {
      const child = nodes.child(node, i);
      if (child !== NULL) yield* this.#listFrom(child, depth + 1);
    }
  }

  /** fib_insert_node. */
  #insertLeaf(parent: number, key: number, suffix: number, type: number): void {
    const nodes = this.#nodes;
    const leaf = nodes.takeLeaf(key, suffix, type);
    const there = nodes.child(parent, nodes.index(key, parent));
    let above = parent;
    if (there !== NULL) {
      // A node for the highest bit in which the two keys differ.
      above = nodes.takeNode(key, 31 - Math.clz32(key ^ nodes.key(there)), 1);
      nodes.setParent(above, parent);
      nodes.put(above, nodes.index(key, above) ^ 1, there);
      nodes.put(parent, nodes.index(key, parent), above);
      nodes.setParent(there, above);
    }
    this.#pushSuffix(above, suffix);
    nodes.setParent(leaf, above);
    nodes.put(above, nodes.index(key, above), leaf);
    rebalance(nodes, above);
  }

  #pushSuffix(from: number, suffix: number): void {
    const nodes = this.#nodes;
    for (let node = from; nodes.suffix(node) < suffix; node = nodes.parent(node))
      nodes.setSuffix(node, suffix);
  }
}

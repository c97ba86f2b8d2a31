/** Memory of a routing trie: nodes, leaves and routes as Linux lays them out on 64 bits (net/ipv4/fib_trie.c, fib_lookup.h). */

/** No node. */
export const NULL = 0;
/** What holds the topmost node. */
export const ROOT = 2;
/** Bits of a leaf; an internal node has one or more. */
export const LEAF_BITS = 0;

/** Bits of a key. */
export const KEY_LENGTH = 32;

// struct tnode: rcu_head 16 bytes, empty_children, full_children, parent; then key, pos, bits and slen a byte each, children.
const EMPTY = 4;
const FULL = 5;
export const PARENT = 6;
export const KEY = 8;
export const SHAPE = 9;
export const CHILDREN = 10;
/** A child is a pointer of 8 bytes. */
export const CHILD_WORDS = 2;
/** "size of leaf: 48 bytes, size of tnode: 40 bytes" (/proc/net/fib_triestat). */
const LEAF_WORDS = 12;

/** struct fib_alias: 56 bytes; next, fib_info, then dscp, type, state and slen a byte each. */
const ALIAS_WORDS = 14;
export const ALIAS_SHAPE = 6;

export const BITS_SHIFT = 8;
export const SUFFIX_SHIFT = 16;
export const BYTE = 0xff;
/** Where a route's word has the length of its suffix. */
export const ALIAS_SUFFIX_SHIFT = 24;
const ALIAS_TYPE_SHIFT = 8;

export class FibNodes {
  words: Int32Array;
  #next = ROOT + LEAF_WORDS;
  /** Internal nodes that were freed, by bits, linked by their first word: the allocator hands out the last one first. */
  readonly #freed = new Int32Array(KEY_LENGTH + 1);

  constructor(expected: number) {
    // A leaf, a route, and children and headers of about as many nodes.
    this.words = new Int32Array(1024 + expected * (LEAF_WORDS + ALIAS_WORDS + CHILDREN));
    this.words[ROOT + SHAPE] = KEY_LENGTH | (KEY_LENGTH << SUFFIX_SHIFT);
  }

  key(node: number): number {
    return this.words[node + KEY]!;
  }

  /** The lowest bit that chooses a child. */
  pos(node: number): number {
    return this.words[node + SHAPE]! & BYTE;
  }

  bits(node: number): number {
    return (this.words[node + SHAPE]! >>> BITS_SHIFT) & BYTE;
  }

  /** Length of the longest suffix (32 less the prefix) of a route below. */
  suffix(node: number): number {
    return (this.words[node + SHAPE]! >>> SUFFIX_SHIFT) & BYTE;
  }

  setSuffix(node: number, suffix: number): void {
    const at = node + SHAPE;
    this.words[at] = (this.words[at]! & ~(BYTE << SUFFIX_SHIFT)) | (suffix << SUFFIX_SHIFT);
  }

  parent(node: number): number {
    return this.words[node + PARENT]!;
  }

  setParent(node: number, parent: number): void {
    this.words[node + PARENT] = parent;
  }

  empty(node: number): number {
    return this.words[node + EMPTY]!;
  }

  /** Children that are internal nodes and skip no bit. */
  full(node: number): number {
    return this.words[node + FULL]!;
  }

  used(node: number): number {
    return 2 ** this.bits(node) - this.empty(node);
  }

  child(node: number, index: number): number {
    return this.words[node + CHILDREN + CHILD_WORDS * index]!;
  }

  /** Which child of a node a key belongs to. */
  index(key: number, node: number): number {
    return node === ROOT ? 0 : (key ^ this.key(node)) >>> this.pos(node);
  }

  isFull(parent: number, child: number): boolean {
    if (child === NULL || this.bits(child) === LEAF_BITS) return false;
    return this.pos(child) + this.bits(child) === this.pos(parent);
  }

  /** put_child: places a child, or none, and keeps the parent's counts. */
  put(parent: number, index: number, child: number): void {
    const { words } = this;
    const at = parent + CHILDREN + CHILD_WORDS * index;
    if (parent !== ROOT) {
      const was = words[at]!;
      words[parent + EMPTY]! += Number(child === NULL) - Number(was === NULL);
      words[parent + FULL]! += Number(this.isFull(parent, child)) - Number(this.isFull(parent, was));
      if (child !== NULL && this.suffix(parent) < this.suffix(child))
        this.setSuffix(parent, this.suffix(child));
    }
    words[at] = child;
  }

  /** update_children: those that were made for this node have it as their parent already, but their own children do not. */
  adopt(node: number): void {
    for (let i = 0; i < 2 ** this.bits(node); i++) {
      const child = this.child(node, i);
      if (child === NULL) continue;
      if (this.parent(child) === node && this.bits(child) !== LEAF_BITS) this.adopt(child);
      else this.setParent(child, node);
    }
  }

  takeNode(key: number, pos: number, bits: number): number {
    let node = this.#freed[bits]!;
    const length = CHILDREN + CHILD_WORDS * 2 ** bits;
    if (node === NULL) node = this.#take(length);
    else this.#freed[bits] = this.words[node]!;
    const { words } = this;
    words.fill(0, node, node + length);
    words[node + EMPTY] = 2 ** bits;
    const shift = pos + bits;
    words[node + KEY] = shift < KEY_LENGTH ? (key >>> shift) << shift : 0;
    words[node + SHAPE] = pos | (bits << BITS_SHIFT) | (pos << SUFFIX_SHIFT);
    return node;
  }

  takeLeaf(key: number, suffix: number, type: number): number {
    const leaf = this.#take(LEAF_WORDS);
    this.words[leaf + KEY] = key;
    this.words[leaf + SHAPE] = suffix << SUFFIX_SHIFT;
    this.addAlias(leaf, suffix, type);
    return leaf;
  }

  free(node: number): void {
    const bits = this.bits(node);
    this.words[node] = this.#freed[bits]!;
    this.#freed[bits] = node;
  }

  firstAlias(leaf: number): number {
    return this.words[leaf + CHILDREN]!;
  }

  aliasSuffix(alias: number): number {
    return this.words[alias + ALIAS_SHAPE]! >>> ALIAS_SUFFIX_SHIFT;
  }

  aliasType(alias: number): number {
    return (this.words[alias + ALIAS_SHAPE]! >>> ALIAS_TYPE_SHIFT) & BYTE;
  }

  /** Adds a route to a leaf, behind longer prefixes. Returns false where there is one. */
  addAlias(leaf: number, suffix: number, type: number): boolean {
    let before = leaf + CHILDREN;
    for (let next = this.words[before]!; next !== NULL; next = this.words[next]!) {
      const other = this.aliasSuffix(next);
      if (other === suffix) return false;
      if (other > suffix) break;
      before = next;
    }
    const alias = this.#take(ALIAS_WORDS);
    const { words } = this;
    words[alias + ALIAS_SHAPE] = (type << ALIAS_TYPE_SHIFT) | (suffix << ALIAS_SUFFIX_SHIFT);
    words[alias] = words[before]!;
    words[before] = alias;
    return true;
  }

  /** Of a leaf's routes, the longest first. */
  prefixLengths(leaf: number): number[] {
    const lengths: number[] = [];
    for (let alias = this.firstAlias(leaf); alias !== NULL; alias = this.words[alias]!)
      lengths.push(KEY_LENGTH - this.aliasSuffix(alias));
    return lengths;
  }

  #take(length: number): number {
    const taken = this.#next;
    this.#next += length;
    if (this.#next > this.words.length) {
      const larger = new Int32Array(Math.max(2 * this.words.length, this.#next));
      larger.set(this.words);
      this.words = larger;
    }
    return taken;
  }
}

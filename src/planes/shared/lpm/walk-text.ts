/** A walk down a trie in words: one line per node, with the bits that it compares and the bit that chooses the next one. */

import type { AddressPlan } from "../../../cluster/address-plan.js";
import { IPV6_BITS } from "../../../cluster/ipv6.js";
import { DATA, INTERMEDIATE, type LpmTrie, MISS, NODE_FLAGS, PREFIX_LENGTH } from "./trie.js";

export interface Walk {
  readonly key: readonly [number, number, number];
  /** Bits of the key that are looked up. */
  readonly length: number;
  readonly visited: readonly number[];
  readonly found: number;
  /** A node's prefix length where it is not the number of bits that the model compares. */
  readonly lengthOf?: ((node: number) => number) | undefined;
}

/** Bits of a prefix that a line has room for, from its end. */
const SHOWN = 12;

/** What a walk visited, from the root to its end, and what it found. */
export function describeWalk(name: string, trie: LpmTrie, walk: Walk): string[] {
  const { visited, found, key, lengthOf = (node) => trie.words[node + PREFIX_LENGTH]! } = walk;
  const end = found === MISS ? "miss" : `/${lengthOf(found)} found`;
  const lines = visited.map((node, step) => {
    const prefix = trie.words[node + PREFIX_LENGTH]!;
    const kind = trie.words[node + NODE_FLAGS]! & INTERMEDIATE ? "intermediate" : "entry";
    const own = bits(
      [0, 1, 2].map((word) => trie.words[node + DATA + word]!),
      prefix,
    );
    const same = equalBits(own, bits(key, prefix));
    const branch = "│ ".repeat(Math.min(step, SHOWN));
    const shown = own.length > SHOWN ? `…${own.slice(-SHOWN)}` : own;
    const whole = lengthOf(node);
    const head = `${branch}├ ${kind} /${whole} ${shown}`;
    if (same < prefix) return `${head}: bit ${same + whole - prefix} differs, the walk ends`;
    if (prefix >= walk.length) return `${head}: nothing longer is asked for`;
    return `${head}: equal, bit ${whole} is ${bits(key, prefix + 1).at(-1)}`;
  });
  return [`${name}: ${end}, nodes visited: ${visited.length}`, ...lines];
}

/** An address of IPv6 has so many bits more than the number that stands for it. */
const MORE_BITS = IPV6_BITS - 32;

/** A node's prefix length as the kernel has it, in a trie of IPv6 whose keys have an address behind so many words. */
export function ipv6Length({ words }: LpmTrie, node: number, plan: AddressPlan, before: 0 | 1 = 0): number {
  const bitsBefore = 32 * before;
  const prefix = words[node + PREFIX_LENGTH]! - bitsBefore;
  if (prefix < 0) return prefix + bitsBefore;
  if (prefix >= 32) return bitsBefore + prefix + MORE_BITS;
  const data = DATA + before;
  if ((words[node + NODE_FLAGS]! & INTERMEDIATE) === 0)
    return bitsBefore + plan.cidr6({ base: words[node + data]! >>> 0, prefixLength: prefix }).prefixLength;
  // What the addresses on both sides share.
  const [one, other] = childrenOf(words, node).map((child) => addressBelow(words, child, data, plan));
  return bitsBefore + IPV6_BITS - (one! ^ other!).toString(2).length;
}

function childrenOf(words: Int32Array, node: number): readonly [number, number] {
  return [words[node]!, words[node + 2]!];
}

/** The address of an entry in the part of a trie that a node is the root of. */
function addressBelow(words: Int32Array, root: number, data: number, plan: AddressPlan): bigint {
  let node = root;
  while ((words[node + NODE_FLAGS]! & INTERMEDIATE) !== 0) node = childrenOf(words, node)[0];
  const number = words[node + data]!;
  // What stands for every node, in Calico.
  return number === -1 ? (1n << BigInt(IPV6_BITS)) - 1n : plan.address(number >>> 0);
}

function bits(words: readonly number[], length: number): string {
  return words
    .map((word) => (word >>> 0).toString(2).padStart(32, "0"))
    .join("")
    .slice(0, length);
}

function equalBits(a: string, b: string): number {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  return same;
}

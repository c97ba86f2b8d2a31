/** A walk down a trie in words: a line a node, with the bits that it compares and the bit that chooses the next one. */

import { DATA, INTERMEDIATE, type LpmTrie, MISS, NODE_FLAGS, PREFIX_LENGTH } from "./trie.js";

export interface Walk {
  readonly key: readonly [number, number, number];
  /** Bits of the key that are looked up. */
  readonly length: number;
  readonly visited: readonly number[];
  readonly found: number;
}

/** Bits of a prefix that a line has room for, from its end. */
const SHOWN = 12;

/** What a walk visited, from the root to its end, and what it found. */
export function describeWalk(name: string, trie: LpmTrie, walk: Walk): string[] {
  const { visited, found, key } = walk;
  const end = found === MISS ? "miss" : `/${trie.words[found + PREFIX_LENGTH]} found`;
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
    const head = `${branch}├ ${kind} /${prefix} ${shown}`;
    if (same < prefix) return `${head}: bit ${same} differs, the walk ends`;
    if (prefix >= walk.length) return `${head}: nothing longer is asked for`;
    return `${head}: equal, bit ${prefix} is ${bits(key, prefix + 1).at(-1)}`;
  });
  return [`${name}: ${end}, nodes visited: ${visited.length}`, ...lines];
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

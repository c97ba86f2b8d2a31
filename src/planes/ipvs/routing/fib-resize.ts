/** How a routing trie keeps its nodes neither crowded nor sparse (net/ipv4/fib_trie.c: resize, inflate, halve, collapse). */

import { type FibNodes, NULL, ROOT } from "./fib-nodes.js";

/** Percent of children that are in use, above which a node is doubled, and below which it is halved. */
const INFLATE = 50;
const HALVE = 25;
/** Of the topmost node, which is kept larger. */
const INFLATE_TOP = 30;
const HALVE_TOP = 15;
/** How often one resize doubles or halves a node at most. */
const MAX_WORK = 10;

/** trie_rebalance: from the parent of a new leaf up. */
export function rebalance(nodes: FibNodes, from: number): void {
  for (let node = from; node !== ROOT; ) node = resize(nodes, node);
}

/** Doubles a node as often as it is full enough; else halves it as often as it is empty enough. Returns its parent. */
function resize(nodes: FibNodes, from: number): number {
  const parent = nodes.parent(from);
  const index = nodes.index(nodes.key(from), parent);
  let node = from;
  let work = MAX_WORK;
  while (work > 0 && isCrowded(nodes, parent, node)) {
    inflate(nodes, node);
    work--;
    node = nodes.child(parent, index);
  }
  if (work < MAX_WORK) return parent;
  while (work > 0 && isSparse(nodes, parent, node)) {
    halve(nodes, node);
    work--;
    node = nodes.child(parent, index);
  }
  if (nodes.used(node) < 2) collapse(nodes, node);
  return parent;
}

/** Whether the node would be full enough if it were twice as large: full children fill two places each then. */
function isCrowded(nodes: FibNodes, parent: number, node: number): boolean {
  const used = nodes.used(node) + nodes.full(node);
  const threshold = (parent === ROOT ? INFLATE_TOP : INFLATE) * 2 ** nodes.bits(node);
  return used > 1 && nodes.pos(node) > 0 && 50 * used >= threshold;
}

function isSparse(nodes: FibNodes, parent: number, node: number): boolean {
  const used = nodes.used(node);
  const threshold = (parent === ROOT ? HALVE_TOP : HALVE) * 2 ** nodes.bits(node);
  return used > 1 && nodes.bits(node) > 1 && 100 * used < threshold;
}

function inflate(nodes: FibNodes, old: number): void {
  const [pos, bits] = [nodes.pos(old), nodes.bits(old)];
  const twice = nodes.takeNode(nodes.key(old), pos - 1, bits + 1);
  const replaced = [old];
  for (let i = 2 ** bits - 1; i >= 0; i--) {
    const child = nodes.child(old, i);
    if (child === NULL) continue;
    if (!nodes.isFull(old, child)) {
      nodes.put(twice, nodes.index(nodes.key(child), twice), child);
      continue;
    }
    // One that skips no bit gives way to its two halves.
    replaced.push(child);
    const half = 2 ** (nodes.bits(child) - 1);
    if (half === 1) {
      nodes.put(twice, 2 * i + 1, nodes.child(child, 1));
      nodes.put(twice, 2 * i, nodes.child(child, 0));
      continue;
    }
    const [below, less] = [nodes.pos(child), nodes.bits(child) - 1];
    const upper = nodes.takeNode(nodes.key(child) | (1 << (pos - 1)), below, less);
    const lower = nodes.takeNode(nodes.key(child), below, less);
    for (let j = half - 1; j >= 0; j--) {
      nodes.put(upper, j, nodes.child(child, half + j));
      nodes.put(lower, j, nodes.child(child, j));
    }
    nodes.setParent(upper, twice);
    nodes.setParent(lower, twice);
    nodes.put(twice, 2 * i + 1, upper);
    nodes.put(twice, 2 * i, lower);
  }
  replace(nodes, old, twice, replaced);
}

function halve(nodes: FibNodes, old: number): void {
  const [pos, bits] = [nodes.pos(old), nodes.bits(old)];
  const half = nodes.takeNode(nodes.key(old), pos + 1, bits - 1);
  for (let i = 2 ** (bits - 1) - 1; i >= 0; i--) {
    const upper = nodes.child(old, 2 * i + 1);
    const lower = nodes.child(old, 2 * i);
    if (upper === NULL || lower === NULL) {
      nodes.put(half, i, upper === NULL ? lower : upper);
      continue;
    }
    const both = nodes.takeNode(nodes.key(lower), pos, 1);
    nodes.put(both, 1, upper);
    nodes.put(both, 0, lower);
    nodes.setParent(both, half);
    nodes.put(half, i, both);
  }
  replace(nodes, old, half, [old]);
}

/** Puts a node in another's place, and resizes its full children, the last one first. */
function replace(nodes: FibNodes, old: number, node: number, replaced: readonly number[]): void {
  const parent = nodes.parent(old);
  nodes.setParent(node, parent);
  nodes.put(parent, nodes.index(nodes.key(node), parent), node);
  nodes.adopt(node);
  for (const freed of replaced) nodes.free(freed);
  for (let i = 2 ** nodes.bits(node) - 1; i >= 0; i--) {
    const child = nodes.child(node, i);
    if (nodes.isFull(node, child)) resize(nodes, child);
  }
}

/** A node whose only child is left gives way to it. */
function collapse(nodes: FibNodes, old: number): void {
  let only = NULL;
  for (let i = 2 ** nodes.bits(old) - 1; only === NULL && i >= 0; i--) only = nodes.child(old, i);
  const parent = nodes.parent(old);
  nodes.put(parent, nodes.index(nodes.key(old), parent), only);
  nodes.setParent(only, parent);
  nodes.free(old);
}

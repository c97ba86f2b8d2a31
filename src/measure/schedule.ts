/** In which order cells are measured: every cell once a block, shuffled, so that a machine's drift spreads over all. */

import { Random } from "../random.js";

/** `blocks` permutations of the cells 0 .. cells - 1. Same seed: same schedule. */
export function makeSchedule(cells: number, blocks: number, seed: number): number[][] {
  return Array.from({ length: blocks }, (_, block) =>
    Random.fromSeed(seed, `block ${block}`).shuffle(Array.from({ length: cells }, (_, cell) => cell)),
  );
}

/** The seed of a replicate: differs for each (block, cell) of a run, stays below 2^31. */
export function replicateSeed(runSeed: number, block: number, cell: number): number {
  return Random.fromSeed(runSeed, `replicate ${block} ${cell}`).nextUint32() >>> 1;
}

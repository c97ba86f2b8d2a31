/** rr (net/netfilter/ipvs/ip_vs_rr.c): the next usable destination after the last one. */

import {
  DEST_NEXT,
  DEST_WEIGHT,
  GENERATION,
  LIST_PREVIOUS,
  NULL,
  RESET_SEED,
  SCATTERED,
  SERVICE_DESTINATION_COUNT,
  SERVICE_DESTINATIONS,
  SERVICE_FLAGS,
  SERVICE_SCHEDULER_DATA,
  SERVICE_STAMP,
  SLAB_WORDS,
} from "../layout.js";
import type { Scheduler } from "./scheduler.js";

/** Knuth's multiplicative hash, as the kernel's hash_32 (GOLDEN_RATIO_32). */
const GOLDEN_RATIO = 0x61c88647;

/** sched_data itself is the cursor: a pointer into the list, at first to its head. */
export class RoundRobin implements Scheduler {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  attach(service: number): void {
    this.#words[service + SERVICE_SCHEDULER_DATA] = service + SERVICE_DESTINATIONS;
  }

  /** ip_vs_rr_del_dest: a cursor on a deleted entry goes back to the one before it. */
  onDestinationsChanged(service: number, removed: number): void {
    const words = this.#words;
    words[service + SERVICE_FLAGS]! |= SCATTERED;
    if (removed !== NULL && words[service + SERVICE_SCHEDULER_DATA] === removed) {
      words[service + SERVICE_SCHEDULER_DATA] = words[removed + LIST_PREVIOUS]!;
    }
  }

  onWeightChanged(): void {}

  pick(service: number): number {
    const words = this.#words;
    const head = service + SERVICE_DESTINATIONS;
    const generation = words[GENERATION]!;
    const last =
      words[service + SERVICE_STAMP] === generation
        ? words[service + SERVICE_SCHEDULER_DATA]!
        : this.#start(service, head);
    let dest = last;
    // Twice through the list at most; once when the cursor stands at the head.
    for (let pass = 0; pass < 2; pass++) {
      dest = words[dest + DEST_NEXT]!;
      while (dest !== head) {
        if (words[dest + DEST_WEIGHT]! > 0) {
          words[service + SERVICE_SCHEDULER_DATA] = dest;
          words[service + SERVICE_STAMP] = generation;
          return dest;
        }
        if (dest === last) return NULL;
        dest = words[dest + DEST_NEXT]!;
      }
      if (last === head) return NULL;
    }
    return NULL;
  }

  bind(): void {}

  /**
   * Where the cursor stands before the first pick: at the head after loading, elsewhere anywhere, as after a while of
   * use. If each batch began at the head, only the first of 1,000 destinations would ever be touched, and stay cached.
   */
  #start(service: number, head: number): number {
    const words = this.#words;
    const seed = words[RESET_SEED]!;
    const count = words[service + SERVICE_DESTINATION_COUNT]!;
    if (seed === 0 || count === 0) return head;
    const hash = Math.imul(service ^ Math.imul(seed, GOLDEN_RATIO), GOLDEN_RATIO) >>> 0;
    const position = Math.floor((hash / 2 ** 32) * count);
    // Destinations lie behind their service (loadMemory), until one joins or leaves.
    if ((words[service + SERVICE_FLAGS]! & SCATTERED) === 0) return service + SLAB_WORDS * (1 + position);
    let dest = words[head + LIST_PREVIOUS]!;
    for (let older = 0; older < position; older++) dest = words[dest + LIST_PREVIOUS]!;
    return dest;
  }
}

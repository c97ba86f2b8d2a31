/** rr (net/netfilter/ipvs/ip_vs_rr.c): the next usable destination after the last one. */

import {
  DEST_NEXT,
  DEST_WEIGHT,
  GENERATION,
  NULL,
  SERVICE_DESTINATIONS,
  SERVICE_SCHEDULER_DATA,
  SERVICE_STAMP,
} from "../layout.js";
import type { Scheduler } from "./scheduler.js";

/** sched_data itself is the cursor: a pointer into the list, at first to its head. */
export class RoundRobin implements Scheduler {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  attach(service: number): void {
    this.#words[service + SERVICE_SCHEDULER_DATA] = service + SERVICE_DESTINATIONS;
  }

  pick(service: number): number {
    const words = this.#words;
    const head = service + SERVICE_DESTINATIONS;
    const generation = words[GENERATION]!;
    const last =
      words[service + SERVICE_STAMP] === generation ? words[service + SERVICE_SCHEDULER_DATA]! : head;
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
}

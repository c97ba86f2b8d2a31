/** lc and wlc (ip_vs_lc.c, ip_vs_wlc.c): the destination with the least connections, plain or by weight. */

import { DEST_NEXT, DEST_WEIGHT, NULL, SERVICE_DESTINATIONS } from "../layout.js";
import { connectionOverhead, openConnection } from "./connections.js";
import type { Scheduler } from "./scheduler.js";

/** The first of the list wins a tie. */
export class LeastConnection implements Scheduler {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  attach(): void {}

  onDestinationsChanged(): void {}

  onWeightChanged(): void {}

  pick(service: number): number {
    const words = this.#words;
    const head = service + SERVICE_DESTINATIONS;
    let least = NULL;
    let lowest = 0;
    for (let dest = words[head]!; dest !== head; dest = words[dest + DEST_NEXT]!) {
      if (words[dest + DEST_WEIGHT] === 0) continue;
      const overhead = connectionOverhead(words, dest);
      if (least === NULL || overhead < lowest) {
        least = dest;
        lowest = overhead;
      }
    }
    return least;
  }

  bind(dest: number): void {
    openConnection(this.#words, dest);
  }
}

/** Compares overhead / weight by cross-multiplication, as the kernel does. */
export class WeightedLeastConnection implements Scheduler {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  attach(): void {}

  onDestinationsChanged(): void {}

  onWeightChanged(): void {}

  pick(service: number): number {
    const words = this.#words;
    const head = service + SERVICE_DESTINATIONS;
    let least = NULL;
    let lowest = 0;
    for (let dest = words[head]!; dest !== head; dest = words[dest + DEST_NEXT]!) {
      const weight = words[dest + DEST_WEIGHT]!;
      if (weight === 0) continue;
      const overhead = connectionOverhead(words, dest);
      if (least === NULL || lowest * weight > overhead * words[least + DEST_WEIGHT]!) {
        least = dest;
        lowest = overhead;
      }
    }
    return least;
  }

  bind(dest: number): void {
    openConnection(this.#words, dest);
  }
}

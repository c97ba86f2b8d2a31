/** sed and nq (ip_vs_sed.c, ip_vs_nq.c): the shortest expected delay, (active + 1) / weight. */

import { DEST_NEXT, DEST_WEIGHT, NULL, SERVICE_DESTINATIONS } from "../layout.js";
import { activeConnections, openConnection } from "./connections.js";
import type { Scheduler } from "./scheduler.js";

/** With `neverQueue` the first idle destination wins at once, however slow. */
export class ShortestExpectedDelay implements Scheduler {
  readonly #words: Int32Array;
  readonly #neverQueue: boolean;

  constructor(words: Int32Array, neverQueue: boolean) {
    this.#words = words;
    this.#neverQueue = neverQueue;
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
      const active = activeConnections(words, dest);
      if (this.#neverQueue && active === 0) return dest;
      if (least === NULL || lowest * weight > (active + 1) * words[least + DEST_WEIGHT]!) {
        least = dest;
        lowest = active + 1;
      }
    }
    return least;
  }

  bind(dest: number): void {
    openConnection(this.#words, dest);
  }
}

/** Objects as kmalloc gives them: each slab's lie together in the order of creation, and a freed one is given out again. */

import type { Cursors } from "./chain-memory.js";

export class Slabs {
  readonly #words: Int32Array;
  readonly #next: Cursors;
  readonly #end: Cursors;
  /** Freed objects by their words: kmalloc's classes know no kinds. */
  readonly #freed = new Map<number, number[]>();
  /** Where what no longer fits its slab goes. */
  #spare: number;

  /** Slabs that begin at `first` and hold `need` words; `spare` begins behind them all. */
  constructor(words: Int32Array, first: Cursors, need: Cursors, spare: number) {
    this.#words = words;
    this.#next = { ...first };
    this.#end = { ...first };
    for (const slab of Object.keys(first) as (keyof Cursors)[]) this.#end[slab] += need[slab];
    this.#spare = spare;
  }

  /** An object of zeros. Throws RangeError when memory is out. */
  alloc(slab: keyof Cursors, length: number): number {
    const freed = this.#freed.size === 0 ? undefined : this.#freed.get(length)?.pop();
    if (freed !== undefined) {
      this.#words.fill(0, freed, freed + length);
      return freed;
    }
    const at = this.#next[slab];
    if (at + length <= this.#end[slab]) {
      this.#next[slab] += length;
      return at;
    }
    const spare = this.#spare;
    this.#spare += length;
    if (this.#spare > this.#words.length) throw new RangeError("there is no room for another chain");
    return spare;
  }

  free(at: number, length: number): void {
    const freed = this.#freed.get(length);
    if (freed) freed.push(at);
    else this.#freed.set(length, [at]);
  }
}

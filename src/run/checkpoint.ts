/** Keeps results.json current while a run measures, also when the disk does not want to. */

import { performance } from "node:perf_hooks";
import { CheckFailedError } from "../errors.js";
import { reasonOf, writeResults } from "../results/files.js";
import type { Results } from "../results/schema.js";

/** A crash loses at most what was measured in this time; writing after each process would take longer than some cells. */
const INTERVAL_MS = 1000;

export class Checkpoint {
  readonly #folder: string;
  readonly #note: (text: string) => void;
  #last = Number.NEGATIVE_INFINITY;
  #failing = false;

  constructor(folder: string, note: (text: string) => void) {
    this.#folder = folder;
    this.#note = note;
  }

  /** Saves if the last time is a while ago. A failure is noted once, and tried again: space may be freed meanwhile. */
  saveThrottled(results: Results): void {
    if (performance.now() - this.#last < INTERVAL_MS) return;
    this.#last = performance.now();
    try {
      writeResults(this.#folder, results);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#note(
          `can't save to ${this.#folder}: ${reasonOf(error)}; measuring goes on, make room before it ends`,
        );
      }
      this.#failing = true;
    }
  }

  /** Saves. Throws CheckFailedError that says what is left where it can't. */
  save(results: Results): void {
    try {
      writeResults(this.#folder, results);
    } catch (error) {
      throw new CheckFailedError(
        `can't save to ${this.#folder}: ${reasonOf(error)}; make room, then finish what was saved before with: lbscale run --resume --out ${this.#folder}`,
      );
    }
  }
}

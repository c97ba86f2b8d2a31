/** Keeps results.json current while a run measures, also when the disk can't take it. */

import { performance } from "node:perf_hooks";
import { reasonOf } from "../reason.js";
import { writeResults } from "../results/files.js";
import type { Results } from "../results/schema.js";
import { UnsavedRunError } from "./errors.js";

/** A crash loses at most what was measured in this time; writing after each process would take longer than some cells. */
const INTERVAL_MS = 1000;

/** Where a run is saved while it goes on. */
export class Checkpoint {
  readonly #folder: string | null;
  readonly #note: (text: string) => void;
  #last = Number.NEGATIVE_INFINITY;
  #failing = false;

  /**
   * @param folder The run's folder; null: nothing is written.
   * @param note Called once with a sentence when saving begins to fail.
   */
  constructor(folder: string | null, note: (text: string) => void) {
    this.#folder = folder;
    this.#note = note;
  }

  /** Saves if the last time is a while ago. A failure is noted once, and tried again: space may be freed meanwhile. */
  saveThrottled(results: Results): void {
    if (this.#folder === null || performance.now() - this.#last < INTERVAL_MS) return;
    this.#last = performance.now();
    try {
      writeResults(this.#folder, results);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#note(
          `can't save to ${this.#folder}: ${reasonOf(error)}; continuing; free disk space before the run finishes`,
        );
      }
      this.#failing = true;
    }
  }

  /**
   * Saves.
   *
   * @throws UnsavedRunError where it can't.
   */
  save(results: Results): void {
    if (this.#folder === null) return;
    try {
      writeResults(this.#folder, results);
    } catch (error) {
      throw new UnsavedRunError(this.#folder, reasonOf(error));
    }
  }
}

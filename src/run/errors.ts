/** How a run ends early, or can't go on. */

import { CheckFailedError, InputError } from "../errors.js";
import type { Results } from "../results/schema.js";

/** The run was asked to stop: what was measured until then is kept. */
export class InterruptedRunError extends Error {
  override readonly name = "InterruptedRunError";
  /** What was measured, concluded. */
  readonly results: Results;
  /** The folder that holds it; null: none does. */
  readonly out: string | null;
  /** Whether `resumeBenchmark` can finish it. */
  readonly resumable: boolean;

  /**
   * @param results What was measured, concluded.
   * @param out Folder that holds it; null: none does.
   * @param resumable Whether its lane can go on with it; without a folder it can't in any case.
   */
  constructor(results: Results, out: string | null, resumable: boolean) {
    super(
      out === null
        ? "interrupted: what was measured is in this error's results"
        : `interrupted: what was measured is in ${out}`,
    );
    this.results = results;
    this.out = out;
    this.resumable = resumable && out !== null;
  }
}

/** A stored run can't be finished: it is complete, of another machine or cluster, or of a lane that can't. */
export class NotResumableError extends InputError {
  override readonly name = "NotResumableError";
}

/** A run's folder can't take it any more; what was saved before can be finished once it can. */
export class UnsavedRunError extends CheckFailedError {
  override readonly name = "UnsavedRunError";
  /** The run's folder. */
  readonly out: string;

  /**
   * @param out Folder of the run.
   * @param reason What the file system says.
   */
  constructor(out: string, reason: string) {
    super(`can't save to ${out}: ${reason}; make room, then finish what was saved before`);
    this.out = out;
  }
}

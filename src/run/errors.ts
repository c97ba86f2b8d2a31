/** How a run ends early. */

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

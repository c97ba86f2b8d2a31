/** The time that a run may take, over all of its sessions: one that is resumed goes on with what is left of it. */

import type { Results } from "../../results/schema.js";

/** Counts what the sessions of a run spend in measuring, and stores it in `run.spentMs`. */
export class RunClock {
  readonly #run: Results["run"];
  readonly #nowMs: () => number;
  readonly #before: number;
  #began: number | null = null;

  /**
   * @param run What is measured, with what earlier sessions spent.
   * @param nowMs A clock, milliseconds.
   */
  constructor(run: Results["run"], nowMs: () => number = () => performance.now()) {
    this.#run = run;
    this.#nowMs = nowMs;
    this.#before = run.spentMs ?? 0;
  }

  /** Begins to count: what a lane looks at before it measures is not part of its budget. */
  start(): void {
    this.#began ??= this.#nowMs();
  }

  /** Stores what was spent until now, and returns it, milliseconds. */
  spentMs(): number {
    const spent = this.#before + (this.#began === null ? 0 : this.#nowMs() - this.#began);
    this.#run.spentMs = Math.round(spent);
    return spent;
  }

  /**
   * What is left of the run's budget.
   *
   * @param share Part of what this session began with: parts that are measured one after another share it.
   * @returns Milliseconds from 0; Infinity where the run has no budget.
   */
  leftMs(share = 1): number {
    const ownMs = this.spentMs() - this.#before;
    const { budgetSeconds } = this.#run;
    if (budgetSeconds === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, (1000 * budgetSeconds - this.#before) * share - ownMs);
  }
}

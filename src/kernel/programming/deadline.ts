/** How long a visit may take, and what becomes of work that takes longer. */

import { setTimeout as sleep } from "node:timers/promises";
import { TimeLimitError } from "../testbed/tools.js";

interface VisitLimit {
  readonly limitMs: number;
  /** Whether that is what is left of the run's time. */
  readonly isLimitOfRun: boolean;
  /** How long work may take to end after its processes have. */
  readonly settleMs: number;
}

/** Time that a visit may take. What does not end within it reports nothing more, and ends before the next visit begins. */
export class Deadline {
  readonly #expired: Promise<never>;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<unknown> = Promise.resolve();
  readonly #settleMs: number;
  isOver = false;

  constructor({ limitMs, isLimitOfRun, settleMs }: VisitLimit) {
    this.#settleMs = settleMs;
    this.#expired = new Promise((_, reject) => {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        reject(new TimeLimitError(limitMs, isLimitOfRun));
      }, limitMs);
    });
    this.#expired.catch(() => {});
  }

  within<T>(work: Promise<T>): Promise<T> {
    this.#work = work.catch(() => {});
    return Promise.race([work, this.#expired]);
  }

  /** Resolves when the work has ended, once its processes have been. */
  async settled(): Promise<void> {
    await Promise.race([this.#work, sleep(this.#settleMs, undefined, { ref: false })]);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** One counter and one time left for a whole run of the kernel's lanes, whatever its parts are. */

import { performance } from "node:perf_hooks";
import type { RunEvent } from "../../events.js";

/** Parts of a run, which take their turns. */
export type PartName = "cold starts" | "kernel" | "guest" | "programs";

interface Part {
  /** Rough times of the steps that are ahead. */
  readonly ahead: number[];
  /** Those of the steps that are done, together, and what they took. */
  doneMs: number;
  tookMs: number;
  beganAt: number | null;
}

/**
 * Counts steps. How long each takes is roughly known beforehand; as soon as steps of a part are done, the rest of it is
 * expected to be as much slower or faster than that, and so are parts that have not begun.
 */
export class RunProgress {
  readonly #parts = new Map<PartName, Part>();
  readonly #onProgress: (event: RunEvent) => void;
  readonly #endsAt: number | null;
  readonly #now: () => number;
  #done = 0;

  /** @param budgetMs Time for the whole run; null: no limit. */
  constructor(
    onProgress: (event: RunEvent) => void,
    budgetMs: number | null,
    now: () => number = () => performance.now(),
  ) {
    this.#onProgress = onProgress;
    this.#now = now;
    this.#endsAt = budgetMs === null ? null : now() + budgetMs;
  }

  /** Adds steps of a part by their rough times, milliseconds, in the order in which they come. */
  expect(name: PartName, roughMs: readonly number[]): void {
    const part = this.#parts.get(name) ?? { ahead: [], doneMs: 0, tookMs: 0, beganAt: null };
    part.ahead.push(...roughMs);
    this.#parts.set(name, part);
  }

  /** The part's turn begins. */
  begin(name: PartName): void {
    const part = this.#parts.get(name);
    if (part !== undefined) part.beganAt = this.#now();
  }

  /** The next step of a part is done. */
  step(name: PartName): void {
    const part = this.#parts.get(name);
    const roughMs = part?.ahead.shift();
    if (part === undefined || roughMs === undefined) return;
    part.doneMs += roughMs;
    part.tookMs = this.#now() - (part.beganAt ?? this.#now());
    this.#done++;
  }

  /** The part's turn is over: what it had no time for will not be done. */
  end(name: PartName): void {
    const part = this.#parts.get(name);
    if (part !== undefined) part.ahead.length = 0;
  }

  /** Says what goes on. */
  show(what: string): void {
    const ahead = [...this.#parts.values()].reduce((sum, part) => sum + part.ahead.length, 0);
    this.#onProgress({
      kind: "measuring",
      done: this.#done,
      total: this.#done + ahead,
      leftMs: this.#leftMs(),
      what,
    });
  }

  #leftMs(): number {
    const parts = [...this.#parts.values()];
    const doneMs = parts.reduce((sum, part) => sum + part.doneMs, 0);
    const pace = doneMs > 0 ? parts.reduce((sum, part) => sum + part.tookMs, 0) / doneMs : 1;
    const leftMs = parts.reduce(
      (sum, { ahead, doneMs, tookMs }) =>
        sum + ahead.reduce((all, ms) => all + ms, 0) * (doneMs > 0 ? tookMs / doneMs : pace),
      0,
    );
    if (this.#endsAt === null) return leftMs;
    const untilEnd = this.#endsAt - this.#now();
    if (untilEnd > 0) return Math.min(leftMs, untilEnd);
    // The step that has begun is finished, and no other begins.
    const going = parts.find(({ beganAt, ahead }) => beganAt !== null && ahead.length > 0);
    return Math.min(leftMs, (going?.ahead[0] ?? 0) * pace);
  }
}

/*
 * Rough times as they were seen on two cores of a server (Linux 6.18): their proportions matter, the pace of the run itself
 * does the rest.
 */

/** Making a testbed and loading a plane into it. */
export const roughLoadMs = (services: number): number => 500 + services;
/** A round of connections; in the guest system calls are slow. */
export const roughRoundMs = (connections: number, inGuest: boolean): number =>
  (inGuest ? 10 : 1) * (150 + connections * 0.2);
/** An endpoint joins and leaves, by a tool that reads or writes the rules. */
export const roughUpdateMs = (services: number, inGuest: boolean): number =>
  (inGuest ? 10 : 1) * (100 + services * 0.1);
/** All rules of a new node: the kernel looks sets up in a list. */
export const roughColdStartMs = (services: number): number => 100 + services * 0.1 + services ** 2 * 2.5e-4;
/** A fresh program, its first sync, its changes and rounds. */
export const roughVisitMs = (
  services: number,
  { changes, rounds }: { readonly changes: number; readonly rounds: number },
): number => 3000 + services + changes * (300 + services * 0.1) + rounds * 500;

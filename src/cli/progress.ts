/** Progress with one time left: one line that is redrawn on a terminal, plain lines elsewhere. */

import { performance } from "node:perf_hooks";
import { terminalColumns } from "./output.js";

/** Elsewhere than on a terminal a line appears at most this often, but for the first of a phase. */
const PLAIN_INTERVAL_MS = 5000;
/** A later end is shown once it is later by more than this share of what is left: less is the estimate's own noise. */
const TOLERANCE = 0.1;

/** What else is known of a report. */
interface ReportFacts {
  /** Whether the total is what is probable. */
  readonly isForecast?: boolean;
  readonly phase?: string;
}

/** Writes to stderr unless another stream is given, so that a command's output stays clean. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #verb: string;
  readonly #now: () => number;
  readonly #started: number;
  #lastPlain = Number.NEGATIVE_INFINITY;
  #lastPhase: string | undefined;
  /** When it was last said to end. */
  #endsAt: number | undefined;

  constructor(
    stream: NodeJS.WriteStream = process.stderr,
    verb = "measuring",
    now: () => number = () => performance.now(),
  ) {
    this.#verb = verb;
    this.#stream = stream;
    this.#now = now;
    this.#started = now();
  }

  /** Says what is about to happen; `done` of `total` are behind us, and `leftMs` before us where that is known. */
  show(
    done: number,
    total: number,
    leftMs: number | null,
    what: string,
    { isForecast = false, phase }: ReportFacts = {},
  ): void {
    const elapsed = this.#now() - this.#started;
    const left = leftMs === null ? "" : ` ${formatLeft(this.#steady(leftMs))} left`;
    const line = `${this.#verb} ${done + 1}${isForecast ? " of about " : "/"}${total}:${left} (${what})`;
    if (this.#redraws()) {
      this.#stream.write(`\r\x1b[2K${line.slice(0, (terminalColumns() ?? 80) - 1)}`);
    } else if (phase !== this.#lastPhase || elapsed - this.#lastPlain >= PLAIN_INTERVAL_MS) {
      this.#lastPhase = phase;
      this.#lastPlain = elapsed;
      this.#stream.write(`${line}\n`);
    }
  }

  /** Removes the redrawn line. */
  end(): void {
    if (this.#redraws()) this.#stream.write("\r\x1b[2K");
  }

  /** The time left, without small steps upwards. */
  #steady(leftMs: number): number {
    const now = this.#now();
    const said = (this.#endsAt ?? Number.NEGATIVE_INFINITY) - now;
    if (said < leftMs && said >= leftMs * (1 - TOLERANCE)) return said;
    this.#endsAt = now + leftMs;
    return leftMs;
  }

  /** A dumb terminal has no code that clears a line. */
  #redraws(): boolean {
    return this.#stream.isTTY && process.env.TERM !== "dumb";
  }
}

/** Rounded up to what a person plans with: seconds, then five of them, minutes, quarters of an hour. */
export function formatLeft(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds <= 10) return `${seconds} s`;
  if (seconds <= 90) return `${Math.ceil(seconds / 5) * 5} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes <= 90) return `${minutes} min`;
  const quarters = Math.ceil(minutes / 15);
  const rest = (quarters % 4) * 15;
  return `${Math.floor(quarters / 4)} h${rest === 0 ? "" : ` ${rest} min`}`;
}

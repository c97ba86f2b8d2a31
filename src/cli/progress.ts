/** Progress with time left: one line that is redrawn on a terminal, plain lines elsewhere. */

import { performance } from "node:perf_hooks";
import { terminalColumns } from "./output.js";

/** Elsewhere than on a terminal a line appears at most this often, but for the first of a phase. */
const PLAIN_INTERVAL_MS = 5000;

/** Writes to stderr unless another stream is given, so that a command's output stays clean. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #verb: string;
  readonly #started = performance.now();
  #lastPlain = Number.NEGATIVE_INFINITY;
  #lastPhase: string | undefined;

  constructor(stream: NodeJS.WriteStream = process.stderr, verb = "measuring") {
    this.#verb = verb;
    this.#stream = stream;
  }

  /**
   * Says what is about to happen; `done` of `total` are behind us, and `leftMs` before us where that is known. With
   * `mostLeftMs` the total may grow.
   */
  show(
    done: number,
    total: number,
    leftMs: number | null,
    what: string,
    mostLeftMs: number | null = null,
    phase?: string,
  ): void {
    const elapsed = performance.now() - this.#started;
    const least = leftMs === null ? "" : formatLeft(leftMs);
    const most = mostLeftMs === null ? least : formatLeft(mostLeftMs);
    const left = least === "" ? "" : ` ${least === most ? least : `${least} to ${most}`} left`;
    const line = `${this.#verb} ${done + 1}/${total}${least === most ? "" : " or more"}:${left} (${what})`;
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

  /** A dumb terminal has no code that clears a line. */
  #redraws(): boolean {
    return this.#stream.isTTY && process.env.TERM !== "dumb";
  }
}

function formatLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

/**
 * Processes: which one holds something, so that it is known again when its number has been given to another one; which goes
 * first; and what one said at its end.
 */

import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";

/** Number and start of this process, as one word or two. */
export function thisProcess(): string {
  const start = startOf(process.pid);
  return start === null ? String(process.pid) : `${process.pid} ${start}`;
}

/**
 * Whether the process that wrote these words still runs.
 * @param words What `thisProcess` gave it; a number alone where its start was not known.
 */
export function isAlive(words: string): boolean {
  const [pid = "", start] = words.trim().split(" ");
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // Another user's process is one that there is.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const now = startOf(Number(pid));
  return start === undefined || now === null || now === start;
}

/**
 * Lets a process, and what it will start, go before others' work, where this one may: of root's alone. Nice values order
 * processes of one session where the kernel groups sessions (sched(7)), so the session of the process is preferred too.
 */
export function prefer(pid: number): void {
  const nice = os.constants.priority.PRIORITY_HIGH;
  try {
    os.setPriority(pid, nice);
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // It takes longer then, and does the same.
  }
}

/** More than the message and the stack of an error. */
const MOST_WORDS = 8000;

/** Collects what a process prints. Returns a function that gives the last of it. */
export function lastWords(child: ChildProcess, streams: readonly ("stdout" | "stderr")[]): () => string {
  let words = "";
  for (const name of streams) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-MOST_WORDS);
    });
  }
  return () => words;
}

/** The message of the error that ended a process of node, from what it printed; undefined where it printed none. */
export function errorIn(words: string): string | undefined {
  return /^\w*Error: (.*)$/m.exec(words)?.[1];
}

/** When a process was started, in the kernel's own ticks (proc(5), field 22); null where nothing tells. */
function startOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[19] ?? null;
  } catch {
    return null;
  }
}

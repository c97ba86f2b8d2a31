/** What the tools that a program started are doing: whether it waits for one that works, or for nothing. */

import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** One process, as /proc/PID/stat has it. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Processor time, its own and that of children which have ended, in clock ticks. */
  readonly ticks: number;
  readonly childTicks: number;
}

export interface ToolWork {
  /** Processor time of all tools that were ever started: another number whenever one has worked. */
  readonly ticks: number;
  /** The one that worked most of those that run now; undefined: none does. */
  readonly running: ProcessStat | undefined;
}

/** Parses one line of /proc/PID/stat (proc(5)). The name may hold anything, a bracket among it. */
export function parseStat(text: string): ProcessStat {
  const [open, close] = [text.indexOf("("), text.lastIndexOf(")")];
  const fields = text
    .slice(close + 2)
    .split(" ")
    .map(Number);
  const [, parent = 0] = fields;
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return {
    pid: Number(text.slice(0, open)),
    parent,
    name: text.slice(open + 1, close),
    ticks: user + system,
    childTicks: childUser + childSystem,
  };
}

/** The work of a program's descendants, of which those that have ended are in its own account. */
export function workOfTools(program: number, processes: readonly ProcessStat[]): ToolWork {
  const descendants = new Set([program]);
  // A child may stand before its parent.
  for (let size = 0; size !== descendants.size; ) {
    size = descendants.size;
    for (const { pid, parent } of processes) if (descendants.has(parent)) descendants.add(pid);
  }
  let total = 0;
  let running: ProcessStat | undefined;
  for (const each of processes) {
    if (!descendants.has(each.pid)) continue;
    total += each.childTicks;
    if (each.pid === program) continue;
    total += each.ticks;
    if (running === undefined || each.ticks > running.ticks) running = each;
  }
  return { ticks: total, running };
}

/** Clock ticks of a second, as Linux tells them to programs (USER_HZ). */
export const TICKS_PER_SECOND = 100;

/** The same of this process namespace now. */
export function toolWork(program: number): ToolWork {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"))];
      } catch {
        // It has ended.
        return [];
      }
    });
  return workOfTools(program, processes);
}

/** What a process was called by: the kernel cuts names off behind 15 characters. */
export function nameOfProcess({ pid, name }: ProcessStat): string {
  try {
    const [command = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return basename(command) || name;
  } catch {
    return name;
  }
}

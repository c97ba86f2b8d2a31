/** Keeps other processes out of a run's folder: two that measure into one would overwrite each other's results. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ResultsFileError } from "../errors.js";

const LOCK_FILE = ".lock";
/** Held while a stale lock is removed, so that only one process does so. */
const TAKEOVER_FILE = ".lock-takeover";

/**
 * Locks a folder. The lock is created exclusively, with the process's number and start time: numbers are reused, and what
 * a dead process left is taken over.
 *
 * @returns What releases it.
 * @throws ResultsFileError while another process holds it; the message names the file.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, LOCK_FILE);
  const release = () => rmSync(path, { force: true });
  if (create(path)) return release;
  if (isStale(path)) {
    const takeover = join(folder, TAKEOVER_FILE);
    if (!create(takeover)) throw heldError(folder, takeover);
    try {
      // Read again: another process may have taken it over just before.
      if (isStale(path)) rmSync(path, { force: true });
      if (create(path)) return release;
    } finally {
      rmSync(takeover, { force: true });
    }
  }
  throw heldError(folder, path);
}

/** Creates a lock of this process; false where the file exists. */
function create(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid} ${startOf(process.pid) ?? ""}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Whether the process that made a lock has ended. What can't be read is somebody's who is just writing it. */
function isStale(path: string): boolean {
  const [pid, start] = holderOf(path);
  if (pid === null) return false;
  if (!isAlive(pid)) return true;
  const now = startOf(pid);
  return start !== undefined && now !== null && start !== now;
}

function holderOf(path: string): [number | null, string | undefined] {
  try {
    const match = /^(\d+)(?: (\d+))?\s*$/.exec(readFileSync(path, "utf8"));
    return match ? [Number(match[1]), match[2]] : [null, undefined];
  } catch {
    return [null, undefined];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process started, in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). null where that is not told. */
function startOf(pid: number): string | null {
  try {
    // The second field is a name in brackets, which may hold blanks and brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[19] ?? null;
  } catch {
    return null;
  }
}

function heldError(folder: string, path: string): ResultsFileError {
  const [pid] = holderOf(path);
  const holder = pid === null ? "another process" : `process ${pid}`;
  return new ResultsFileError(
    `${holder} measures into ${folder} just now: wait for it, or choose another --out; if none does, remove ${path}`,
  );
}

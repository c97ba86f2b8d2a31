/** Keeps other processes out of a run's folder: two that measure into one would overwrite each other's results. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ResultsFileError } from "../errors.js";
import { isAlive, thisProcess } from "../process.js";

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
    writeFileSync(path, `${thisProcess()}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Whether the process that made a lock has ended. A lock that cannot be read is being written. */
function isStale(path: string): boolean {
  const holder = holderOf(path);
  return holder !== null && !isAlive(holder);
}

/** Number and start of the process that made a lock; null where the file does not say. */
function holderOf(path: string): string | null {
  try {
    return /^\d+(?: \d+)?\s*$/.exec(readFileSync(path, "utf8"))?.[0] ?? null;
  } catch {
    return null;
  }
}

function heldError(folder: string, path: string): ResultsFileError {
  const pid = holderOf(path)?.trim().split(" ")[0];
  const holder = pid === undefined ? "another process" : `process ${pid}`;
  return new ResultsFileError(
    `${holder} measures into ${folder} just now: wait for it, or choose another folder; if none does, remove ${path}`,
  );
}

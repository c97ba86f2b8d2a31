/** Keeps other processes out of a run's folder: two that measure into one would overwrite each other's results. */

import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ResultsFileError } from "../errors.js";
import { isAlive, thisProcess } from "../process.js";
import { reasonOf } from "../reason.js";

const LOCK_FILE = ".lock";
/** Behind a stale lock's name: held while it is removed, so that only one process does so. */
const TAKEOVER = "-takeover";
/** Processes that died one after another, each while it removed the lock of the one before. */
const MOST_TAKEOVERS = 3;

/**
 * Locks a folder. The lock is created exclusively, with the process's number and start time: numbers are reused, and what
 * a dead process left is taken over.
 *
 * @returns What releases it.
 * @throws ResultsFileError while another process holds it, and where the folder takes no file; the message names the file.
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, LOCK_FILE);
  const held = take(folder, path, MOST_TAKEOVERS);
  if (held !== null) throw heldError(folder, held);
  return () => rmSync(path, { force: true });
}

/** Takes a lock, also one that a dead process left. Returns the file of the living one that holds it; null: it is ours. */
function take(folder: string, path: string, takeovers: number): string | null {
  if (create(folder, path)) return null;
  if (takeovers === 0 || !isStale(path)) return path;
  const takeover = `${path}${TAKEOVER}`;
  const held = take(folder, takeover, takeovers - 1);
  if (held !== null) return held;
  try {
    // Read again: another process may have taken it over just before.
    if (isStale(path)) rmSync(path, { force: true });
    return create(folder, path) ? null : path;
  } finally {
    rmSync(takeover, { force: true });
  }
}

/** Where a file system has no links, as those of USB sticks. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/**
 * Creates a lock of this process; false where the file exists. It gets its name once it is whole: a full disk would leave
 * one that names no process, and keeps everybody out.
 */
function create(folder: string, path: string): boolean {
  const words = `${thisProcess()}\n`;
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, words);
    linkSync(temporary, path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return false;
    if (NO_LINKS.includes(code)) return createAtOnce(folder, path, words);
    throw unlockable(folder, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function createAtOnce(folder: string, path: string, words: string): boolean {
  try {
    writeFileSync(path, words, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    rmSync(path, { force: true });
    throw unlockable(folder, error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function unlockable(folder: string, error: unknown): ResultsFileError {
  return new ResultsFileError(
    `can't lock ${folder}: ${reasonOf(error)}; make room, or choose another folder`,
  );
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
    `${holder} is measuring into ${folder}: wait for it, or choose another folder; if that process is not lbscale, remove ${path}`,
  );
}

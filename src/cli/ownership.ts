/** Who owns what was written under sudo. */

import { lchownSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Clocks of file systems are coarse. */
const MARGIN_MS = 1000;

/**
 * Gives what root wrote below a folder to the user who asked for it with sudo: files and folders of root's that were
 * created since then, and nothing that a symbolic link leads to. Does nothing elsewhere.
 *
 * @param sinceMs since 1970
 */
export function returnToUser(folder: string, sinceMs: number): void {
  const { SUDO_UID, SUDO_GID } = process.env;
  const [uid, gid] = [Number(SUDO_UID), Number(SUDO_GID)];
  if (process.getuid?.() !== 0 || !(uid > 0) || !(gid > 0)) return;
  for (const path of writtenSince(folder, sinceMs - MARGIN_MS)) lchownSync(path, uid, gid);
}

function* writtenSince(path: string, sinceMs: number): Iterable<string> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (status.isDirectory())
    for (const name of readdirSync(path)) yield* writtenSince(join(path, name), sinceMs);
  // File systems that know no time of birth have 0.
  if (status.uid === 0 && (status.birthtimeMs || status.ctimeMs) >= sinceMs) yield path;
}

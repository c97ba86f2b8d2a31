/** Who owns what was written under sudo. */

import { existsSync, lchownSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Gives a folder that root wrote to the user who asked for it with sudo. Does nothing elsewhere. */
export function returnToUser(folder: string): void {
  const { SUDO_UID, SUDO_GID } = process.env;
  const [uid, gid] = [Number(SUDO_UID), Number(SUDO_GID)];
  if (process.getuid?.() !== 0 || !(uid > 0) || !(gid > 0) || !existsSync(folder)) return;
  const inside = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const path of [folder, ...inside.map((name) => join(folder, name))]) lchownSync(path, uid, gid);
}

/** The programs that reports are looked at with (scripts/install-viewers.sh). */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of the first of these programs that is installed. Where none is: undefined, and in CI an error. */
export function viewer(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (found === undefined && process.env.CI) {
    throw new Error(`${names.join(" or ")} is not installed: run scripts/install-viewers.sh`);
  }
  return found;
}

/** Why tests are skipped without a program, for their name. */
export const NEEDED = "needs scripts/install-viewers.sh";

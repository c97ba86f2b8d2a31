/** The package's scripts that install what lbscale can't: named so that the command works from where lbscale runs. */

import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** From the sources, and from dist. */
const FOLDERS = ["../../../scripts/", "../../../../scripts/"];

/** Absolute path of a file or folder among the scripts, where it is. */
export function scriptFile(name: string): string | undefined {
  const paths = FOLDERS.map((folder) => fileURLToPath(new URL(folder + name, import.meta.url)));
  return paths.find((each) => existsSync(each));
}

/** Path of a script: relative in a checkout of lbscale, absolute where it is installed as a package. */
export function scriptPath(name: string, cwd = process.cwd()): string {
  const path = scriptFile(name);
  if (path === undefined) return `scripts/${name}`;
  const short = relative(cwd, path);
  return short.startsWith("..") ? path : short;
}

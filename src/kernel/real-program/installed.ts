/** Real programs in the user's cache folder, where the install scripts build them. */

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Environment variables that name the user's cache folder. */
export interface CacheVariables {
  readonly XDG_CACHE_HOME?: string | undefined;
  readonly HOME?: string | undefined;
}

/** The folder of scripts/go-program.sh. */
export function cacheFolder(environment: CacheVariables): string {
  const cache = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), ".cache");
  return join(cache, "lbscale");
}

/** Whether a path is a file that can be executed. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

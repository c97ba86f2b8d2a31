/** Cilium's load-balancing control plane as scripts/install-cilium-lb.sh builds it, and where that puts it. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { InvalidOptionError, UnsupportedHostError } from "../../errors.js";
import { type CacheVariables, cacheFolder, isProgram } from "../real-program/installed.js";
import { scriptFile, scriptPath } from "../testbed/scripts.js";

/** The version that scripts/cilium-lb/go.mod pins. */
export const CILIUM_VERSION = "1.20.2";

/** How to get it, for messages. */
export const installCilium = (): string => scriptPath("install-cilium-lb.sh");

/** Where the program is, or would be: another source of ours is another program. */
export function ciliumPath(environment: CacheVariables = process.env): string {
  return join(cacheFolder(environment), `cilium-lb-v${CILIUM_VERSION}-${sourceDigest()}`);
}

/** Path of the program where it has been built. */
export function installedCilium(environment: CacheVariables = process.env): string | undefined {
  const path = ciliumPath(environment);
  return isProgram(path) ? path : undefined;
}

/**
 * Path of the program.
 * @param path Of another one; "": the one that the script builds.
 * @throws UnsupportedHostError, which says how to install it; InvalidOptionError for a path that is no program.
 */
export function findCilium(path: string, environment: CacheVariables = process.env): string {
  if (path === "") {
    const installed = installedCilium(environment);
    if (installed !== undefined) return installed;
    throw new UnsupportedHostError(
      `Cilium's control plane ${CILIUM_VERSION} is not installed: run ${installCilium()}`,
    );
  }
  if (isProgram(path)) return resolve(path);
  throw new InvalidOptionError(
    `${path} is not a program: give the path that ${installCilium()} prints, or none`,
  );
}

/** As the script computes it: of the sources, then go.mod and go.sum. */
function sourceDigest(): string {
  const folder = scriptFile("cilium-lb");
  if (folder === undefined) return "unknown";
  const names = readdirSync(folder).sort();
  const ordered = [
    ...names.filter((name) => name.endsWith(".go")),
    ...names.filter((name) => name.startsWith("go.")),
  ];
  const hash = createHash("sha256");
  for (const name of ordered) hash.update(readFileSync(join(folder, name)));
  return hash.digest("hex").slice(0, 8);
}

/** A folder for the front of kube-proxy's PATH: tools of the chosen iptables backend, each of which is timed. */

import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { IPTABLES_TOOLS, linkTools } from "../kube-proxy/wrappers.js";

/** Where native/timed.c writes, in the folder. */
export const TIMES_FILE = "tool-times";

/**
 * Makes it.
 * @param timed The compiled native/timed.c.
 * @param nft The nft that is run.
 * @returns The path of the folder.
 * @throws KernelError where a tool is not installed.
 */
export function timedTools(folder: string, backend: "legacy" | "nft", timed: string, nft: string): string {
  const bin = join(folder, "bin");
  const tools = join(folder, "tools");
  for (const path of [bin, tools]) mkdirSync(path);
  linkTools(tools, backend, nft);
  for (const name of [...IPTABLES_TOOLS, "nft"]) symlinkSync(timed, join(bin, name));
  return bin;
}

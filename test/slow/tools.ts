/** Tools of the system in network namespaces of their own, which end with the line that is run in them. */

import { spawnSync } from "node:child_process";
import { it } from "vitest";
import { LONGEST_MS } from "../support/patience.js";

/** Runs a shell line in a network namespace, in a folder; its words are ours alone. */
export function inNamespace(folder: string, line: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync("unshare", ["--net", "sh", "-c", line], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 30,
    timeout: LONGEST_MS,
  });
  return { status, output: `${stdout}${stderr}` };
}

/** Why a test can't run here; null where it can. In CI it must run. */
function missing(...tools: string[]): string | null {
  if (spawnSync("unshare", ["--net", "true"]).status !== 0) return "network namespaces need Linux and root";
  const absent = tools.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  return absent.length === 0 ? null : `not installed: ${absent.join(", ")} (scripts/install-kernel-tools.sh)`;
}

/** A test that needs tools: without them it is skipped and says why, but fails where CI is set. */
export function withTools(name: string, tools: readonly string[], test: () => void | Promise<void>): void {
  const reason = missing(...tools);
  if (reason !== null && process.env.CI === undefined) it.skip(`${name} (${reason})`, test);
  else it(name, test);
}

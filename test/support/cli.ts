/** The built command line as tests start it, in a folder that is removed afterwards. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

/** Of this test file alone. */
export const folder = mkdtempSync(join(os.tmpdir(), "lbscale-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command line in `folder` as a process. */
export function lbscale(args: readonly string[], input = "", env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: folder,
    input,
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return { status, stdout, stderr };
}

/** Writes a file into `folder`, and returns its path. */
export function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

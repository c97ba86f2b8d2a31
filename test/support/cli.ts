/** The built command line as tests start it, in a folder that is removed afterwards. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
export const PUBLISHED = fileURLToPath(new URL("../../results", import.meta.url));
export const BOUTIQUE = fileURLToPath(new URL("../data/online-boutique.yaml", import.meta.url));
export const NODE_TABLES = fileURLToPath(
  new URL("../data/nodes/kube-proxy-1.31.iptables-save", import.meta.url),
);

/** The smallest run that goes through everything. */
export const TINY = [
  "run",
  "--profile",
  "quick",
  "--services",
  "1,2",
  "--planes",
  "iptables,ebpf",
  "--replicates",
  "1",
] as const;

/** The same, with nothing drawn: for tests that look at no picture. */
export const UNDRAWN = [...TINY, "--formats", "none"] as const;

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

/** A Service in YAML. */
export function service(spec: string, name = "web"): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n`;
}

/** The published default run that the README shows. */
export function publishedRun(): string {
  return /\d{4}-\d\d-\d\d-default/.exec(readFileSync(join(PUBLISHED, "..", "README.md"), "utf8"))![0];
}

/** Names of all published runs. */
export function publishedRuns(): string[] {
  return readdirSync(PUBLISHED).filter((name) => /^\d{4}-/.test(name));
}

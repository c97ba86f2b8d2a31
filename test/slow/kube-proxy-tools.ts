/** What the tests of the real kube-proxy share. */

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { installedKubeProxies } from "../../src/kernel/kube-proxy/binaries.js";
import { PREFIX } from "../../src/kernel/testbed/clean.js";
import { LONGEST_MS } from "../support/patience.js";

export const CLI = "dist/src/cli/main.js";
export const OBJECTS = "test/data/kube-proxy/clusters/kinds.json";
/** What `.ci/run` builds: the last of the old nftables layout, the one that IPVS is recorded for, and the newest. */
const BUILT = ["1.35", "1.36", "1.37"];

/** Why there is no kube-proxy to test; null where there is. In CI there must be. */
export const lacking = reasonToSkip();

function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  const missing = installedKubeProxies().find(
    ({ minor, path }) => BUILT.includes(minor) && path === undefined,
  );
  return missing === undefined ? null : `no kube-proxy ${missing.patch} (scripts/install-kube-proxy.sh)`;
}

/** Of this test file alone. As /tmp, because the guest is another user's process. */
export const folder = mkdtempSync(join(os.tmpdir(), "lbscale-kube-proxy-"));
chmodSync(folder, 0o1777);
/** Runs of others make and remove folders at the same time: these are in one of ours. */
const env = { ...process.env, TMPDIR: folder };
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a script of Node to its end. */
export function run(...args: string[]) {
  return spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: LONGEST_MS,
    maxBuffer: 2 ** 28,
    env,
  });
}

/** Path of the real program. */
export function kubeProxy(minor: string): string {
  return installedKubeProxies().find((each) => each.minor === minor)!.path!;
}

/** A program that says it is a version, and otherwise does what a shell script says. */
export function fakeKubeProxy(name: string, version: string, otherwise: string): string {
  const path = join(folder, name);
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo "Kubernetes v${version}.0"; exit; fi\n${otherwise}\n`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

/** Folders that runs of the kernel lane and of kube-proxy made, and have not removed. */
export function leftovers(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith(PREFIX));
}

/** Starts `lbscale verify`, and collects what it prints. */
export function startVerify(...args: string[]) {
  const child = spawn(process.execPath, [CLI, "verify", ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  return { child, printed, ended };
}

/** Compares a random cluster of 12 Services, and each of so many changes to it, with what kube-proxy writes. */
export function expectNoDifference(seed: number, version: string, mode: string, changes: number): void {
  const shares = ["empty", "affinity", "internal-local", "external-local", "source-ranges", "local-share"];
  const { status, stdout } = run(
    ...[CLI, "verify", "--services", "12", "--shape", "mixed", "--endpoints", "3", "--seed", String(seed)],
    ...shares.flatMap((share) => [`--${share}`, "0.3"]),
    ...["--kube-proxy", version, "--mode", mode, "--changes", String(changes)],
  );
  expect({ mode, status, stdout: status === 0 ? "" : stdout }).toEqual({ mode, status: 0, stdout: "" });
  expect(stdout.split("\n").filter((line) => /: 0 differences/.test(line))).toHaveLength(1 + changes);
}

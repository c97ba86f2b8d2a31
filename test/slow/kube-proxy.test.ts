/** The real kube-proxy: needs Linux, root, scripts/install-kernel-tools.sh and scripts/install-kube-proxy.sh. */

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { installedKubeProxies } from "../../src/kernel/kube-proxy/binaries.js";
import { PREFIX } from "../../src/kernel/testbed/clean.js";

const CLI = "dist/src/cli/main.js";
const RECORD = "dist/scripts/record-kube-proxy.js";
const OBJECTS = "test/data/kube-proxy/clusters/kinds.json";
/** What `.ci/run` builds: the last of the old nftables layout, the one that IPVS is recorded for, and the newest. */
const BUILT = ["1.35", "1.36", "1.37"];
const CLUSTERS = 20;

const lacking = reasonToSkip();
function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  const missing = installedKubeProxies().find(
    ({ minor, path }) => BUILT.includes(minor) && path === undefined,
  );
  return missing === undefined ? null : `no kube-proxy ${missing.patch} (scripts/install-kube-proxy.sh)`;
}
if (lacking !== null && process.env.CI !== "true") console.warn(`kube-proxy is not tested: ${lacking}`);

function run(...args: string[]) {
  return spawnSync(process.execPath, args, { encoding: "utf8", timeout: 500_000, maxBuffer: 2 ** 28 });
}

const leftovers = (): string[] => readdirSync(os.tmpdir()).filter((name) => name.startsWith(PREFIX));

test.runIf(process.env.CI === "true")("kube-proxy is built where CI is set", () => {
  expect(lacking).toBeNull();
});

describe.skipIf(lacking !== null)("kube-proxy", () => {
  test.each([
    ["iptables", ["1.35", "1.37"]],
    ["nftables", ["1.35", "1.37"]],
    ["ipvs", ["1.36"]],
  ])("recordings: %s mode of kube-proxy %s writes today what it wrote then", (mode, versions) => {
    const { status, stdout, stderr } = run(RECORD, "--check", "--mode", mode, ...versions);
    expect({ status, stderr, stdout: status === 0 ? "" : stdout }).toEqual({
      status: 0,
      stderr: "",
      stdout: "",
    });
  });

  const clusters = Array.from({ length: CLUSTERS }, (_, seed) => ({
    seed,
    version: seed % 2 === 0 ? "1.37" : "1.35",
  }));
  test.each(clusters)(
    "models: cluster $seed and 10 changes, as kube-proxy $version writes them",
    ({ seed, version }) => {
      for (const mode of ["iptables", "nftables"]) expectNoDifference(seed, version, mode, 10);
    },
  );

  test("models: a cluster and 3 changes, as kube-proxy 1.36 writes them in IPVS mode", () => {
    expectNoDifference(100, "1.36", "ipvs", 3);
  });

  test("verify: a difference has exit code 1 and names the Service", () => {
    // Of a version whose layout is another: the model of 1.37 against a kube-proxy of 1.35 that claims to be 1.37.
    const { status, stdout, stderr } = run(
      ...[CLI, "verify", OBJECTS, "--kube-proxy", claiming("1.35", "1.37"), "--mode", "nftables"],
    );
    expect(status).toBe(1);
    expect(stdout).toContain("@@ ns1/plain @@");
    expect(stderr).toMatch(/^lbscale: kube-proxy 1\.37 nftables: .* lines of rules differ\n$/);
  });

  test("verify: a kube-proxy that ends is one line, and nothing is left behind", () => {
    const before = leftovers();
    const { status, stderr } = verifyWith("echo 'E1128 12:00:00 1 server.go:1] no such flag' >&2; exit 3");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^lbscale: kube-proxy: it ended with code 3: .*no such flag\n$/);
    expect(leftovers()).toEqual(before);
  });

  test("verify: a kube-proxy that never syncs is one line, and nothing is left behind", () => {
    const before = leftovers();
    const { status, stderr } = verifyWith("exec sleep 1000", "--timeout", "2");
    expect(status).toBe(1);
    expect(stderr).toMatch(/^lbscale: kube-proxy did not sync within 2 s: .*\n$/);
    expect(leftovers()).toEqual(before);
  });
});

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-kube-proxy-"));
afterAll(() => rmSync(folder, { recursive: true }));

function expectNoDifference(seed: number, version: string, mode: string, changes: number): void {
  const shares = ["empty", "affinity", "internal-local", "external-local", "source-ranges", "local-share"];
  const { status, stdout, stderr } = run(
    ...[CLI, "verify", "--services", "12", "--shape", "mixed", "--endpoints", "3", "--seed", String(seed)],
    ...shares.flatMap((share) => [`--${share}`, "0.3"]),
    ...["--kube-proxy", version, "--mode", mode, "--changes", String(changes)],
  );
  expect({ mode, status, stderr, stdout: status === 0 ? "" : stdout }).toEqual({
    mode,
    status: 0,
    stderr: expect.stringContaining("left out of the changes"),
    stdout: "",
  });
  expect(stdout.split("\n").filter((line) => /: 0 differences/.test(line))).toHaveLength(1 + changes);
}

/** A program that says it is another version. */
function program(name: string, version: string, otherwise: string): string {
  const path = join(folder, name);
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo "Kubernetes v${version}.0"; exit; fi\n${otherwise}\n`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

function claiming(actual: string, claimed: string): string {
  const { path } = installedKubeProxies().find(({ minor }) => minor === actual)!;
  return program("claiming", claimed, `exec ${path} "$@"`);
}

function verifyWith(script: string, ...options: string[]) {
  const path = program("broken", "1.36", script);
  return run(CLI, "verify", OBJECTS, "--kube-proxy", path, ...options);
}

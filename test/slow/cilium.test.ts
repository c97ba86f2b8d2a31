/** Cilium's real control plane: needs Linux and scripts/install-cilium-lb.sh; one test, on maps of this kernel, needs root. */

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ciliumPath, installedCilium } from "../../src/kernel/cilium/binary.js";
import { repeatingSlices } from "../support/repeating-slices.js";

const CLI = "dist/src/cli/main.js";
const OBJECTS = "test/data/kube-proxy/clusters/kinds.json";
const DUAL = "test/data/kube-proxy/clusters/dual.json";
const CLUSTERS = 20;
const CHANGES = 10;

const lacking = reasonToSkip();
const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(os.tmpdir(), "lbscale-cilium-"));
afterAll(() => rmSync(folder, { recursive: true }));

function reasonToSkip(): string | null {
  if (os.platform() !== "linux") return "not Linux";
  return installedCilium() === undefined ? "it is not built (scripts/install-cilium-lb.sh)" : null;
}

if (lacking !== null && process.env.CI !== "true")
  console.warn(`Cilium's control plane is not tested: ${lacking}`);

test.runIf(process.env.CI === "true")("Cilium's control plane is built where CI is set", () => {
  expect(lacking).toBeNull();
});

function verify(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(process.execPath, [CLI, "verify", ...args], {
    encoding: "utf8",
    timeout: 300_000,
    maxBuffer: 2 ** 28,
    env,
  });
}

function mixed(seed: number): string[] {
  const shares = ["empty", "affinity", "internal-local", "external-local", "source-ranges", "local-share"];
  return [
    ...["--services", "12", "--shape", "mixed", "--endpoints", "3", "--seed", String(seed)],
    ...shares.flatMap((share) => [`--${share}`, "0.3"]),
  ];
}

function expectNoDifference(args: readonly string[], changes: number): void {
  const { status, stdout } = verify([...args, "--changes", String(changes)]);
  expect({ status, stdout: status === 0 ? "" : stdout }).toEqual({ status: 0, stdout: "" });
  expect(stdout.split("\n").filter((line) => /: 0 differences/.test(line))).toHaveLength(1 + changes);
}

/** A program that does what a shell script says. */
function fake(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("verify --cilium: where it is not built, says what builds it, in one line", () => {
  const { status, stdout, stderr } = verify([OBJECTS, "--cilium"], {
    ...process.env,
    XDG_CACHE_HOME: folder,
  });
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^lbscale: Cilium's control plane 1\.20\.2 is not installed: run scripts\/install-cilium-lb\.sh\n$/,
  );
});

describe.skipIf(os.platform() !== "linux")("verify --cilium, of programs that are none of Cilium's", () => {
  test.each([
    ["ends", "echo out of memory >&2; exit 3", /^lbscale: Cilium's control plane ended: out of memory\n$/],
    ["says why it cannot", 'read line; echo \'{"journal":[],"error":"no such map"}\'', /: no such map\n$/],
    [
      "never answers",
      "exec sleep 1000",
      /^lbscale: Cilium has not settled in 2 s: give it more time \(--timeout\)\n$/,
    ],
  ])("one that %s", (name, script, message) => {
    const path = fake(name.replaceAll(" ", "-"), script);
    const { status, stdout, stderr } = verify([OBJECTS, "--cilium", path, "--timeout", "2"]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  });
});

describe.skipIf(lacking !== null)("Cilium's control plane", () => {
  const clusters = Array.from({ length: CLUSTERS }, (_, seed) => ({ seed }));
  test.each(clusters)("models: cluster $seed and 10 changes, both algorithms", ({ seed }) => {
    for (const algorithm of ["random", "maglev"])
      expectNoDifference([...mixed(seed), "--cilium", "--algorithm", algorithm], CHANGES);
  });

  test.each(["6", "dual"])(
    "models: clusters of --family %s, and 10 changes of one, both algorithms",
    (family) => {
      for (const seed of [1, 2, 3]) {
        for (const algorithm of ["random", "maglev"])
          expectNoDifference(
            [...mixed(seed), "--family", family, "--cilium", "--algorithm", algorithm],
            seed === 1 ? CHANGES : 0,
          );
      }
    },
  );

  test.each([1, 2, 3])("models: Services of which slices repeat endpoints, random cluster %d", (seed) => {
    const path = join(folder, `repeating-${seed}.json`);
    writeFileSync(path, repeatingSlices(seed, 20));
    for (const algorithm of ["random", "maglev"])
      expectNoDifference([path, "--cilium", "--algorithm", algorithm], CHANGES);
  });

  test("models: Services of both families and 50 changes, and as many operations as are counted", () => {
    const args = [DUAL, "--node", "me", "--cilium", "--algorithm", "maglev", "--changes", "50"];
    const { status, stdout } = verify([...args, "--seed", "1"]);
    expect({ status, stdout: status === 0 ? "" : stdout }).toEqual({ status: 0, stdout: "" });
    expect(stdout).toMatch(/leaves .*: 0 differences, writes as modelled/);
  });

  test("models: Services of all kinds and 100 changes, and as many operations as are counted", () => {
    const { status, stdout } = verify([OBJECTS, "--cilium", "--changes", "100", "--seed", "2"]);
    expect({ status, stdout: status === 0 ? "" : stdout }).toEqual({ status: 0, stdout: "" });
    expect(stdout).toMatch(/joins .*: 0 differences, writes as modelled/);
    expect(stdout).toMatch(/leaves .*: 0 differences, writes as modelled/);
  });

  test.skipIf(!isRoot)("models: the same entries are in maps of this kernel", () => {
    for (const algorithm of ["random", "maglev"])
      expectNoDifference([OBJECTS, "--cilium", "--real-maps", "--algorithm", algorithm], CHANGES);
  });

  test("verify: a difference has exit code 1, and the diff names the Service", () => {
    // Cilium itself, told that the node has another address.
    const elsewhere = fake("elsewhere", `exec ${ciliumPath()} "$@" --node-ip 192.0.2.99`);
    const { status, stdout, stderr } = verify([OBJECTS, "--cilium", elsewhere]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^@@ ns1\/np @@\n(?:-.*\n)*-cilium_lb4_services_v2 192\.0\.2\.99:\d+\/TCP slot 0: /m,
    );
    expect(stderr).toMatch(/^lbscale: Cilium 1\.20\.2 random: \d+ map entries differ\n$/);
  });

  test("verify: Ctrl-C ends it and the control plane", async () => {
    const child = spawn(process.execPath, [CLI, "verify", OBJECTS, "--cilium", "--changes", "100000"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const own = spawnSync("ps", ["-o", "pid=", "--ppid", String(child.pid)], { encoding: "utf8" });
    const [controlPlane] = own.stdout.trim().split(/\s+/).map(Number);
    expect(controlPlane).toBeGreaterThan(0);
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(() => process.kill(controlPlane!, 0)).toThrow(/ESRCH/);
  });
});

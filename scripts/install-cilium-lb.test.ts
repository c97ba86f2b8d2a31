import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("install-cilium-lb.sh", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-install-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script with a Go that is a shell script of ours. */
function install(go: string, ...args: string[]) {
  writeFileSync(join(folder, "go"), `#!/bin/sh\necho "$*" >>${join(folder, "calls")}\n${go}\n`);
  chmodSync(join(folder, "go"), 0o755);
  const env = { PATH: `${folder}:${process.env.PATH}`, XDG_CACHE_HOME: join(folder, "cache") };
  return spawnSync(SCRIPT, args, { env, encoding: "utf8" });
}

const calls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
/** The program's path follows -o. */
const BUILDS = [
  'if [ "$1" = env ]; then echo go1.26.0; exit; fi',
  'for word; do if [ "$before" = -o ]; then echo program >"$word"; fi; before=$word; done',
].join("\n");

describe.skipIf(os.platform() !== "linux")("scripts/install-cilium-lb.sh", () => {
  test("with an older Go, says which one it needs", () => {
    const { status, stderr } = install("echo go1.19.8");
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^install-cilium-lb: Cilium's control plane 1\.20\.2 is built with Go 1\.26\.0 or later, and this is Go 1\.19\.8: .*\n$/,
    );
  });

  test("leaves nothing half built where the compiler fails", () => {
    const { status, stderr } = install(
      'case "$*" in env*) echo go1.26.0 ;; *build*) echo "no space left" >&2; exit 1 ;; esac',
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /no space left\ninstall-cilium-lb: Cilium's control plane 1\.20\.2 cannot be built: .*\n$/,
    );
    expect(readdirSync(join(folder, "cache", "lbscale"))).toEqual([]);
  });

  test("builds the program at most once, and prints its path each time", () => {
    const first = install(BUILDS);
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/\/cache\/lbscale\/cilium-lb-v1\.20\.2-[0-9a-f]{8}\n$/);
    expect(readFileSync(first.stdout.trim(), "utf8")).toBe("program\n");
    const before = calls().length;
    expect(install(BUILDS)).toMatchObject({ status: 0, stdout: first.stdout, stderr: "" });
    expect(calls()).toHaveLength(before);
  });

  test("refuses arguments", () => {
    expect(install("", "1.19")).toMatchObject({ status: 2, stdout: "" });
  });
});

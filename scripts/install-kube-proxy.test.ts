import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("install-kube-proxy.sh", import.meta.url));
const TOOLS = [
  "bash",
  "cat",
  "chmod",
  "dirname",
  "env",
  "grep",
  "head",
  "mkdir",
  "mktemp",
  "mv",
  "nice",
  "paste",
];
const MORE_TOOLS = ["rm", "sed", "sort", "touch"];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-install-"));
  mkdirSync(join(folder, "bin"));
  for (const tool of [...TOOLS, ...MORE_TOOLS]) {
    const { stdout } = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
    symlinkSync(stdout.trim(), join(folder, "bin", tool));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script where Go is a shell script of ours, or not there. */
function install(go: string | null, ...minors: string[]) {
  const path = join(folder, "bin", "go");
  rmSync(path, { force: true });
  if (go !== null) {
    writeFileSync(path, `#!/bin/sh\necho "$*" >>${join(folder, "calls")}\n${go}\n`);
    chmodSync(path, 0o755);
  }
  const env = { PATH: join(folder, "bin"), XDG_CACHE_HOME: join(folder, "cache") };
  const { status, stdout, stderr } = spawnSync(SCRIPT, minors, { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

const calls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

describe.skipIf(os.platform() !== "linux")("scripts/install-kube-proxy.sh", () => {
  test("without Go, says which one it needs and where it is", () => {
    expect(install(null, "1.36")).toEqual({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(
        /^install-kube-proxy: .*Go 1\.26\.0 or later, which is not installed: see https:.*\n$/,
      ),
    });
  });

  test("with an older Go, says which one it needs", () => {
    const { status, stderr } = install("echo go1.19.8", "1.36");
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^install-kube-proxy: .*Go 1\.26\.0 or later, and this is Go 1\.19\.8: see https:.*\n$/,
    );
  });

  test("of an unknown version, names those that there are", () => {
    const { status, stderr } = install(null, "1.36", "1.12");
    expect(status).toBe(2);
    expect(stderr).toBe("install-kube-proxy: no kube-proxy 1.12 here: choose from 1.34 1.35 1.36 1.37\n");
  });

  test("builds a version at most once, and prints its path each time", () => {
    // The program's path follows -o.
    const go = [
      'if [ "$1" = env ]; then echo go1.26.0; exit; fi',
      'for word; do if [ "$before" = -o ]; then echo program >"$word"; fi; before=$word; done',
    ].join("\n");
    const path = join(folder, "cache", "lbscale", "kube-proxy-v1.36.3");
    expect(install(go, "1.36")).toMatchObject({ status: 0, stdout: `${path}\n` });
    expect(readFileSync(path, "utf8")).toBe("program\n");
    const before = calls().length;
    expect(install(go, "1.36")).toEqual({ status: 0, stdout: `${path}\n`, stderr: "" });
    expect(calls()).toHaveLength(before);
  });

  test("leaves nothing half built where the compiler fails", () => {
    const go = 'case "$*" in env*) echo go1.26.0 ;; *build*) echo "no space left" >&2; exit 1 ;; esac';
    const { status, stderr } = install(go, "1.37");
    expect(status).toBe(2);
    expect(stderr).toMatch(/no space left\ninstall-kube-proxy: kube-proxy 1\.37 cannot be built: .*\n$/);
    expect(readdirSync(join(folder, "cache", "lbscale")).filter((name) => name.includes("1.37"))).toEqual([]);
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { withCluster } from "./connection.js";

const folders: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Puts a kubectl of these lines of shell before any other in PATH. */
function fakeKubectl(...lines: readonly string[]): void {
  const folder = mkdtempSync(join(os.tmpdir(), "kubectl-"));
  folders.push(folder);
  writeFileSync(join(folder, "kubectl"), ["#!/bin/sh", ...lines, ""].join("\n"));
  chmodSync(join(folder, "kubectl"), 0o755);
  const { PATH } = process.env;
  vi.stubEnv("PATH", `${folder}${delimiter}${PATH}`);
}

const WARNING = "echo 'W1130 10:00:00.000000 1 plugin.go:1] the token is about to expire' >&2";
const work = () => withCluster({}, async () => "done");

describe.skipIf(process.platform === "win32")("the connection to a cluster", () => {
  it("works where kubectl warns before it serves", async () => {
    fakeKubectl(WARNING, "echo 'Starting to serve on a socket'", "exec sleep 600");
    await expect(work()).resolves.toBe("done");
  });

  it("works where kubectl says in two pieces that it serves", async () => {
    fakeKubectl("printf 'Starting to '", "sleep 0.1", "echo 'serve on a socket'", "exec sleep 600");
    await expect(work()).resolves.toBe("done");
  });

  it("fails with kubectl's error, not with what it warned of before", async () => {
    fakeKubectl(WARNING, `echo 'error: context "nowhere" does not exist' >&2`, "exit 1");
    await expect(work()).rejects.toThrow(/^kubectl: context "nowhere" does not exist$/);
  });

  it("fails at once where kubectl ends without a word", async () => {
    fakeKubectl("exit 1");
    await expect(work()).rejects.toThrow("kubectl proxy ended at once: try kubectl get nodes");
  });
});

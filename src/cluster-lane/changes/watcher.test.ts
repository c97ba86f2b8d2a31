/** A pod's stream, with a `kubectl` of our own that answers as the pod's program does. */

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { spawnBound, Watcher } from "./watcher.js";

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-watcher-"));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Longer than a test may take. */
const WATCHED = { frontends: [], intervalUs: 1000, seconds: 100_000 };

/** Has this process find a script as `kubectl`. */
function useKubectl(script: string): void {
  const kubectl = join(folder, "kubectl");
  writeFileSync(kubectl, `#!/bin/sh\n${script}\n`);
  chmodSync(kubectl, 0o755);
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
}

describe.skipIf(os.platform() === "win32")("a pod that waits for changes", () => {
  it.each([
    ["its stream ends", "exit", () => {}],
    ["it is closed", "exec sleep 1000", (watcher: Watcher) => watcher.close()],
  ] as const)("is waited for no more once %s", async (_why, then, act) => {
    useKubectl(`read line\necho '{"kind":"watching","id":1}'\n${then}`);
    const watcher = new Watcher({}, "namespace", { name: "pod", node: "node" });
    const { seen } = await watcher.watch(WATCHED);
    act(watcher);
    await expect(seen).rejects.toThrow("a pod that waits for changes does not answer");
    watcher.close();
  });

  it("is left by kubectl when this process ends without a word, whatever kubectl waits for", async () => {
    useKubectl("exec sleep 1000");
    const child = spawnBound([]);
    const ended = new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
    // As the kernel does for a process that is killed.
    child.stdio[3]?.destroy();
    await expect(ended).resolves.toBe("SIGTERM");
  });
});

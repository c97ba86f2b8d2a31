import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job } from "./scenario.js";
import { childPrefix, ReplicateError, runReplicate } from "./spawn.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-spawn-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a child made of the given statements. */
function child(code: string, timeoutMs = 60_000) {
  const script = join(folder, "child.mjs");
  writeFileSync(script, code);
  return runReplicate(script, {} as Job, [], timeoutMs);
}

describe("runReplicate", () => {
  it("returns what the child measured and how long it took", async () => {
    const { measured, wallMs } = await child(`console.log(JSON.stringify({ samples: [1, 2] }))`);
    expect(measured).toEqual({ samples: [1, 2] });
    expect(wallMs).toBeGreaterThan(0);
  });

  it.each([
    ["throws", `throw new RangeError("no room")`, /^no room$/],
    ["is killed", `process.kill(process.pid, "SIGSEGV")`, /ended with SIGSEGV/],
    ["exits without a word", `process.exit(0)`, /without a measurement/],
    ["is cut short", `process.stdout.write('{"samples":[1,')`, /without a measurement/],
    ["runs out of memory", `process.abort()`, /ended with SIGABRT/],
  ])("says why there is no measurement when the child %s", async (_, code, reason) => {
    await expect(child(code)).rejects.toThrow(reason);
    await expect(child(code)).rejects.toThrow(ReplicateError);
  });

  it("kills a child that hangs", async () => {
    await expect(child(`setInterval(() => {}, 1000)`, 300)).rejects.toThrow(
      "it hung and was killed after 0.3 s",
    );
  });
});

describe("childPrefix", () => {
  it("pins only where it is told to", () => {
    expect(childPrefix(1).join(" ")).toMatch(/taskset -c 1$/);
    expect(childPrefix(null)).not.toContain("taskset");
  });
});

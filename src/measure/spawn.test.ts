import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MEASURED } from "../../test/support/measured.js";
import { MEASUREMENT_FD } from "./message.js";
import type { Job } from "./scenario.js";
import { childPrefix, ReplicateError, runReplicate } from "./spawn.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), "lbscale-spawn-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a child made of the given statements, which may `send` a value as the measurement, or `write` a text. */
function child(code: string, timeoutMs = 60_000, signal?: AbortSignal) {
  const script = join(folder, `child-${scripts++}.mjs`);
  writeFileSync(
    script,
    `import fs from "node:fs";
    const MEASURED = ${JSON.stringify(MEASURED)};
    const write = (text) => fs.writeFileSync(${MEASUREMENT_FD}, text);
    const send = (value) => write(JSON.stringify(value));
    ${code}`,
  );
  return runReplicate(script, {} as Job, [], timeoutMs, signal);
}
let scripts = 0;

/** Waits for what comes sooner or later. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(5);
}

describe("runReplicate", () => {
  it("returns what the child measured and how long it took", async () => {
    const { measured, wallMs } = await child(`send(MEASURED)`);
    expect(measured).toEqual(MEASURED);
    expect(wallMs).toBeGreaterThan(0);
  });

  it("returns the measurement of a child in which a library prints", async () => {
    const printing = `console.log("warning: {"); send(MEASURED); process.stdout.write("done");`;
    expect((await child(printing)).measured).toEqual(MEASURED);
  });

  it("returns what the child counted", async () => {
    const counted = { counts: { rules: 3 }, endpoints: 4, programBytes: 1, facts: {} };
    expect((await child(`send(${JSON.stringify(counted)})`)).measured).toEqual(counted);
  });

  it.each([
    ["throws", `throw new RangeError("no room")`, /^no room$/],
    ["is killed", `process.kill(process.pid, "SIGSEGV")`, /ended with SIGSEGV/],
    ["exits without a word", `process.exit(0)`, /without a measurement/],
    ["only prints", `console.log(JSON.stringify(MEASURED))`, /without a measurement/],
    ["is cut short", `write('{"samples":[1,')`, /malformed message: it is not JSON$/],
    ["timed nothing", `send({ ...MEASURED, samples: [] })`, /malformed message: samples: /],
    ["lacks a field", `send({ ...MEASURED, timer: {} })`, /malformed message: timer\.resolutionNs: /],
    ["gives no number", `send({ ...MEASURED, floorNs: NaN })`, /malformed message: floorNs: /],
    ["counts words", `send({ ...MEASURED, counts: { a: "b" } })`, /malformed message: counts\.a: /],
    ["sends null", `send(null)`, /malformed message: /],
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

  it("kills a child once its signal aborts, and leaves the child of another run alone", async () => {
    const mine = new AbortController();
    const there = join(folder, "there");
    const running = child(
      `fs.writeFileSync(${JSON.stringify(there)}, ""); setInterval(() => {}, 1000)`,
      60_000,
      mine.signal,
    );
    const other = child(
      `process.stdin.resume().on("end", () => setTimeout(() => send(MEASURED), 100))`,
      60_000,
      new AbortController().signal,
    );
    await until(() => existsSync(there));
    mine.abort();
    await expect(running).rejects.toThrow("the process ended with SIGKILL");
    expect((await other).measured).toEqual(MEASURED);
  });

  it("starts nothing that goes on where the signal has aborted before", async () => {
    await expect(child(`setInterval(() => {}, 1000)`, 60_000, AbortSignal.abort())).rejects.toThrow(
      ReplicateError,
    );
  });
});

describe("childPrefix", () => {
  it("pins only where it is asked to", () => {
    expect(childPrefix(1).join(" ")).toMatch(/taskset -c 1$/);
    expect(childPrefix(null)).not.toContain("taskset");
  });
});

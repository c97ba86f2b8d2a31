/** Commands that build a testbed and are no runs: a signal ends them with nothing left behind. Needs Linux and root. */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { PREFIX } from "../../src/kernel/testbed/clean.js";

const CLI = "dist/src/cli/main.js";
const works = os.platform() === "linux" && process.getuid?.() === 0;
const inKernel = works || process.env.CI === "true" ? test : test.skip;

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-signals-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const testbeds = () => readdirSync(folder).filter((name) => name.startsWith(PREFIX));

const COMMANDS = {
  verify: ["verify", "--lane", "kernel", "--planes", "iptables", "--services", "2000"],
  doctor: ["doctor"],
};

inKernel.each(
  (["SIGINT", "SIGTERM", "SIGHUP"] as const).flatMap((signal) =>
    (["verify", "doctor"] as const).map((name) => [name, signal] as const),
  ),
)("%s that ends by %s leaves no testbed", async (name, signal) => {
  const child = spawn(process.execPath, [CLI, ...COMMANDS[name]], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  while (testbeds().length === 0 && child.exitCode === null) await setTimeout(10);
  expect(testbeds()).toHaveLength(1);
  child.kill(signal);
  expect(await ended).toBe(130);
  expect(testbeds()).toEqual([]);
});

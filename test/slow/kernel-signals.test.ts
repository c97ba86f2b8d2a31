/** Commands that build a testbed, runs among them: a signal ends them with nothing left behind. Needs Linux and root. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
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
  run: [
    ...[
      "run",
      "--lane",
      "kernel",
      "--planes",
      "direct,iptables,ebpf",
      "--services",
      "100",
      "--replicates",
      "99",
    ],
    ...["--scenarios", "connect", "--formats", "none"],
  ],
};

inKernel.each(
  (["SIGINT", "SIGTERM", "SIGHUP"] as const).flatMap((signal) =>
    (["verify", "doctor", "run"] as const).map((name) => [name, signal] as const),
  ),
)("%s that ends by %s leaves no testbed", async (name, signal) => {
  const out = join(folder, "run");
  const child = spawn(process.execPath, [CLI, ...COMMANDS[name], ...(name === "run" ? ["--out", out] : [])], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  while (testbeds().length === 0 && child.exitCode === null) await setTimeout(10);
  expect(testbeds()).toHaveLength(1);
  child.kill(signal);
  expect(await ended).toBe(130);
  expect(testbeds()).toEqual([]);
  // What a run has measured is kept.
  rmSync(out, { recursive: true, force: true });
});

const BOOTS = {
  doctor: ["doctor", "--probe-guest"],
  run: ["run", "--lane", "kernel", "--planes", "ipvs", "--services", "1"],
};
const guests = () => testbeds().filter((name) => existsSync(join(folder, name, "guest")));

inKernel.for([
  ["doctor", "SIGINT"],
  ["run", "SIGINT"],
  ["run", "SIGTERM"],
  ["run", "SIGHUP"],
] as const)("%s that boots a guest and ends by %s leaves nothing", async ([name, signal], { skip }) => {
  const out = join(folder, "run");
  const child = spawn(process.execPath, [CLI, ...BOOTS[name], ...(name === "run" ? ["--out", out] : [])], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  while (guests().length === 0 && child.exitCode === null) await setTimeout(10);
  if (child.exitCode !== null) skip("this kernel has IPVS, and no guest is booted");
  child.kill(signal);
  expect(await ended).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
  expect(spawnSync("pgrep", ["-f", `uml_dir=${folder}`], { encoding: "utf8" }).stdout).toBe("");
});

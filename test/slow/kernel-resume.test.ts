/** Rounds of the kernel lane that are interrupted and finished: needs Linux and root. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PREFIX } from "../../src/kernel/testbed/clean.js";
import { readResults } from "../../src/results/files.js";
import { UNHURRIED } from "../support/patience.js";
import { raiseWhenSaved } from "../support/raise-when-saved.js";

const CLI = "dist/src/cli/main.js";
const works = os.platform() === "linux" && process.getuid?.() === 0;
const inKernel = works || process.env.CI === "true" ? test : test.skip;

const folder = mkdtempSync(join(os.tmpdir(), "lbscale-resume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { ...process.env, TMPDIR: folder };
const ROUNDS = 4;

/** Blocks of each cell that has replicates, by what it measures. */
function blocksIn(out: string): Record<string, number[]> {
  return Object.fromEntries(
    readResults(out)
      .cells.filter(({ lane, scenario }) => lane === "kernel" && ["connect", "update"].includes(scenario))
      .map(({ plane, scenario, services, variant, replicates }) => [
        `${scenario} ${variant} ${plane} ${services}`,
        replicates.map(({ block }) => block),
      ]),
  );
}

inKernel.each([
  ["SIGINT", "connect"],
  ["SIGHUP", "connect"],
  ["SIGKILL", "connect"],
  ["SIGKILL", "update"],
] as const)("a run that ends by %s during %s goes on where it was", (signal, scenario) => {
  const out = join(folder, `${signal}-${scenario}`);
  const words = [
    ...["run", "--lane", "kernel", "--profile", "quick", "--planes", "direct,iptables", "--services", "1,50"],
    ...["--scenarios", "connect,update", "--replicates", String(ROUNDS), "--connections", "50"],
    ...[...UNHURRIED, "--formats", "none", "--out", out],
  ];
  spawnSync(process.execPath, [...raiseWhenSaved(signal, scenario), CLI, ...words], { stdio: "ignore", env });
  const before = blocksIn(out);
  expect(Object.values(before).flat().length).toBeGreaterThan(0);
  if (signal !== "SIGKILL") expect(readdirSync(folder).filter((name) => name.startsWith(PREFIX))).toEqual([]);
  spawnSync(process.execPath, [CLI, "doctor", "--clean"], { env });
  const { status, stderr } = spawnSync(
    process.execPath,
    [CLI, "run", "--resume", "--formats", "none", "--out", out],
    { encoding: "utf8", env },
  );
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  expect(readResults(out).run.complete).toBe(true);
  const after = blocksIn(out);
  for (const [cell, blocks] of Object.entries(after)) {
    expect([cell, [...blocks].sort()]).toEqual([cell, Array.from({ length: ROUNDS }, (_, block) => block)]);
    // What was measured stays, in its order.
    expect(blocks.slice(0, before[cell]!.length)).toEqual(before[cell]);
  }
  expect(readdirSync(folder).filter((name) => name.startsWith(PREFIX))).toEqual([]);
});

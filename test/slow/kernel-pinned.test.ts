/** Where the two ends of a connection run while they are timed. Needs Linux, root and scripts/install-kernel-tools.sh. */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect } from "vitest";
import { pinnableCpu } from "../../src/measure/spawn.js";
import { readResults } from "../../src/results/files.js";
import { UNHURRIED } from "../support/patience.js";
import { withTools } from "./tools.js";

const CLI = "dist/src/cli/main.js";
const folder = mkdtempSync(join(os.tmpdir(), "lbscale-pinned-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Cores that the processes of a program of this test's sandboxes may run on. */
function coresOf(program: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const path = readlinkSync(`/proc/${pid}/exe`);
      if (!path.startsWith(folder) || !path.endsWith(`/${program}`)) return [];
      return [/^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]!];
    } catch {
      // No process, or one that has ended.
      return [];
    }
  });
}

describe("the endpoints' server", () => {
  withTools("runs on the client's core while connections are timed", ["ip", "cc", "taskset"], async () => {
    const out = join(folder, "run");
    const child = spawn(
      process.execPath,
      [
        ...[CLI, "run", "--lane", "kernel", "--planes", "direct,direct-conntrack", "--services", "1"],
        ...["--scenarios", "connect", "--replicates", "200", ...UNHURRIED, "--formats", "none", "--out", out],
      ],
      { stdio: "ignore", env: { ...process.env, TMPDIR: folder } },
    );
    const ended = new Promise((resolve) => child.once("close", resolve));
    const rounds = () =>
      existsSync(join(out, "results.json"))
        ? readResults(out).cells.map((cell) => cell.replicates.length)
        : [];
    while (Math.max(0, ...rounds()) === 0 && child.exitCode === null) await setTimeout(50);
    const cores = coresOf("server");
    child.kill("SIGINT");
    await ended;
    expect(cores).toEqual(["direct", "direct-conntrack"].map(() => String(pinnableCpu())));
  });
});

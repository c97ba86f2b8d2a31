/**
 * Proves that a run can be killed at any moment: `npm run evidence:kill -- [KILLS]`.
 *
 * Starts runs, kills each at a random moment of its life with SIGINT, SIGTERM or SIGKILL, and checks after each kill that
 * results.json is valid and that no process is left. Killed runs are resumed until they are complete; then every replicate
 * of the schedule must be there once. Exits 1 with the first thing that is wrong.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Random } from "../src/random.js";
import { RESULTS_FILE, readResults } from "../src/results/files.js";

const MAIN = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGKILL"] as const;
/** Longer than it takes to start, check the planes and measure a few cells. */
const LONGEST_LIFE_MS = 3500;
const RUN = [
  "run",
  "--profile",
  "quick",
  "--services",
  "1,2",
  "--planes",
  "iptables,ebpf",
  "--replicates",
  "8",
];

const kills = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? 1);
const random = Random.fromSeed(seed, "kill loop");
const folder = mkdtempSync(join(os.tmpdir(), "lbscale-kill-"));
const seen = { SIGINT: 0, SIGTERM: 0, SIGKILL: 0, ended: 0, beforeFirstSave: 0, completed: 0 };
try {
  for (let kill = 0, run = 0; kill < kills; kill++) {
    const out = join(folder, `run-${run}`);
    const started = existsSync(join(out, RESULTS_FILE));
    const child = start(started ? ["run", "--resume", "--out", out] : [...RUN, "--out", out]);
    const signal = SIGNALS[random.below(SIGNALS.length)]!;
    await killAt(child, signal, random.below(LONGEST_LIFE_MS));
    if (!existsSync(join(out, RESULTS_FILE))) {
      seen.beforeFirstSave++;
      continue;
    }
    const results = readResults(out);
    // What an earlier SIGKILL left is there until a resumed run gets to remove it.
    const left = readdirSync(out).filter((name) => name.endsWith(`.${child.pid}.tmp`));
    if (signal !== "SIGKILL" && left.length > 0) throw new Error(`${signal} left ${left.join(", ")}`);
    if (!results.run.complete) continue;
    for (const [index, { replicates }] of results.cells.entries()) {
      const blocks = replicates.map(({ block }) => block).sort((a, b) => a - b);
      if (blocks.join() !== results.run.schedule.map((_, block) => block).join()) {
        throw new Error(`cell ${index} has the replicates of blocks ${blocks.join()}`);
      }
    }
    seen.completed++;
    run++;
  }
  console.log(
    `${kills} runs killed, results.json valid and no process left after each: ${JSON.stringify(seen)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** In a process group of its own, so that what is left of it can be found. */
function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { detached: true, stdio: "ignore" });
}

/** Kills the parent alone, waits for its end, and throws if a process of its group outlives it. */
async function killAt(child: ChildProcess, signal: NodeJS.Signals, afterMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const first = await Promise.race([setTimeout(afterMs, "time"), ended.then(() => "ended")]);
  if (first === "ended") seen.ended++;
  else {
    seen[signal as (typeof SIGNALS)[number]]++;
    child.kill(signal);
    await ended;
  }
  for (let wait = 0; wait < 20; wait++) {
    if (!groupIsAlive(child.pid!)) return;
    await setTimeout(25);
  }
  process.kill(-child.pid!, "SIGKILL");
  throw new Error(`a process outlived ${signal} after ${afterMs} ms`);
}

/** Whether a process of the group runs. A zombie does not: it is dead, and waits for init to take note. */
function groupIsAlive(group: number): boolean {
  const processes = execFileSync("ps", ["-A", "-o", "pgid=,stat="], { encoding: "utf8" }).trim().split("\n");
  return processes.some((line) => {
    const [pgid, stat] = line.trim().split(/\s+/);
    return Number(pgid) === group && !stat!.startsWith("Z");
  });
}

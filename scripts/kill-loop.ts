/**
 * Proves that a run can be killed at any moment: `npm run evidence:kill -- [KILLS]`.
 *
 * Starts runs, kills each at a random moment of its life with SIGINT, SIGTERM or SIGKILL in turn, and checks after each kill
 * that results.json is valid and that no process is left. Killed runs are resumed until they are complete, the last of them
 * without another kill; then every replicate of the schedule must be there once. A run that ended before its moment is not
 * counted as killed. Exits 1 with the first thing that is wrong.
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
const RUN = [
  "run",
  "--profile",
  "quick",
  "--services",
  "1,2",
  "--planes",
  "iptables,ebpf",
  "--replicates",
  "4",
];

const kills = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? 1);
const random = Random.fromSeed(seed, "kill loop");
const folder = mkdtempSync(join(os.tmpdir(), "lbscale-kill-"));
const seen = { SIGINT: 0, SIGTERM: 0, SIGKILL: 0, ended: 0, beforeFirstSave: 0, completed: 0 };
try {
  // On this machine, whatever it is: moments in time spread over what a run does.
  const lifeMs = await wholeLifeMs(join(folder, "whole"));
  let run = 0;
  for (let kill = 0; kill < kills; ) {
    const out = join(folder, `run-${run}`);
    const signal = SIGNALS[kill % SIGNALS.length]!;
    const child = startOrResume(out);
    const isKilled = await killAt(child, signal, random.below(lifeMs));
    seen[isKilled ? signal : "ended"]++;
    if (isKilled) kill++;
    if (!existsSync(join(out, RESULTS_FILE))) {
      seen.beforeFirstSave++;
      continue;
    }
    // What an earlier SIGKILL left is there until a resumed run gets to remove it.
    const left = readdirSync(out).filter((name) => name.endsWith(`.${child.pid}.tmp`));
    if (signal !== "SIGKILL" && left.length > 0) throw new Error(`${signal} left ${left.join(", ")}`);
    if (isWhole(out)) run++;
  }
  const last = join(folder, `run-${run}`);
  await endOf(startOrResume(last));
  if (!isWhole(last)) throw new Error("the last run, resumed and not killed, is incomplete");
  console.log(
    `${kills} runs killed, results.json valid and no process left after each: ${JSON.stringify(seen)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** How long a run takes that nobody kills, rounded up to a millisecond. */
async function wholeLifeMs(out: string): Promise<number> {
  const started = performance.now();
  await endOf(startOrResume(out));
  if (!isWhole(out)) throw new Error("a run that is not killed is incomplete");
  return Math.ceil(performance.now() - started);
}

/** Whether the run in a folder is complete, with every replicate of its schedule once; its results.json must be valid. */
function isWhole(out: string): boolean {
  const results = readResults(out);
  if (!results.run.complete) return false;
  for (const [index, { replicates }] of results.cells.entries()) {
    const blocks = replicates.map(({ block }) => block).sort((a, b) => a - b);
    if (blocks.join() !== results.run.schedule.map((_, block) => block).join()) {
      throw new Error(`cell ${index} has the replicates of blocks ${blocks.join()}`);
    }
  }
  seen.completed++;
  return true;
}

/** Goes on with the run in a folder, or begins it. */
function startOrResume(out: string): ChildProcess {
  const isStarted = existsSync(join(out, RESULTS_FILE));
  return start(isStarted ? ["run", "--resume", "--out", out] : [...RUN, "--out", out]);
}

/** In a process group of its own, so that what is left of it can be found. */
function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { detached: true, stdio: "ignore" });
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

/**
 * Kills the parent alone, waits for its end, and throws if a process of its group outlives it. Whether it was killed: not if
 * it had ended by then.
 */
async function killAt(child: ChildProcess, signal: NodeJS.Signals, afterMs: number): Promise<boolean> {
  const ended = endOf(child);
  const first = await Promise.race([setTimeout(afterMs, "time"), ended.then(() => "ended")]);
  const isKilled = first !== "ended" && child.kill(signal);
  await ended;
  // An orphan dies as soon as the kernel gets to it, which a busy machine may put off.
  for (let wait = 0; wait < 400; wait++) {
    if (!groupIsAlive(child.pid!)) return isKilled;
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

/** One fresh process for one replicate. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import os from "node:os";
import { CHILD_FLAGS } from "./environment.js";
import type { Measured } from "./replicate.js";
import type { Job } from "./scenario.js";

/** A child that takes longer is killed and its cell says so: building and timing take seconds. */
const TIMEOUT_MS = 120_000;

/** The child crashed, hung or reported a wrong decision. */
export class ReplicateError extends Error {
  override readonly name = "ReplicateError";
}

/** The CPU that children are pinned to: the last, because the first often serves interrupts; null without taskset. */
export function pinnableCpu(): number | null {
  if (os.platform() !== "linux" || os.cpus().length < 2) return null;
  const cpu = os.cpus().length - 1;
  try {
    execFileSync("taskset", ["-c", String(cpu), "true"], { stdio: "ignore" });
    return cpu;
  } catch {
    return null;
  }
}

const alive = new Set<ChildProcess>();

/** Kills every child that still runs: for signal handlers. */
export function killChildren(): void {
  for (const child of alive) child.kill("SIGKILL");
}

/** Runs a job in `childScript` and returns what it measured. Throws ReplicateError with the child's own words. */
export function runReplicate(childScript: string, job: Job, cpu: number | null): Promise<Measured> {
  const node = [process.execPath, ...CHILD_FLAGS, childScript];
  const [command, ...args] = cpu === null ? node : ["taskset", "-c", String(cpu), ...node];
  return new Promise((resolve, reject) => {
    const child = spawn(command!, args, { stdio: ["pipe", "pipe", "pipe"] });
    alive.add(child);
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, TIMEOUT_MS);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    child.on("error", (error) => finish(() => reject(new ReplicateError(error.message))));
    child.on("close", (code, signal) =>
      finish(() => {
        if (code === 0) resolve(JSON.parse(stdout) as Measured);
        else reject(new ReplicateError(timedOut ? "timed out" : reasonOf(stderr, code, signal)));
      }),
    );
    // A child that dies before it has read its job must not take the parent along (EPIPE).
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(job));

    function finish(settle: () => void): void {
      clearTimeout(timer);
      alive.delete(child);
      settle();
    }
  });
}

function reasonOf(stderr: string, code: number | null, signal: string | null): string {
  const line = stderr.split("\n").find((text) => /^\w*Error: /.test(text));
  return line?.replace(/^\w*Error: /, "") ?? `the process ended with ${signal ?? `code ${code}`}`;
}

/**
 * Everything of the kernel lane happens in a child process with network, mount and process namespaces of its own: a tool
 * that is called without a namespace meets an empty one, never the host's. When lbscale dies, however it dies, the
 * kernel kills the namespace's first process (PR_SET_PDEATHSIG), with it all others in it (pid_namespaces(7)), and with
 * them go the namespaces, mounts, pinned BPF objects and rules. Left over are a folder and a cgroup: see clean.ts.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors.js";
import { cgroupRoot, OWNER_FILE, PREFIX, removeCgroups } from "./clean.js";
import { KernelError, toolPath } from "./tools.js";

const INSIDE_SCRIPT = fileURLToPath(new URL("../../bench/kernel-child.js", import.meta.url));

/** What the child in the sandbox is asked to do, and its folder, whose name is that of the run's cgroup too. */
export interface SandboxRequest {
  readonly task: string;
  readonly folder: string;
}

export interface SandboxOptions {
  /** Called for every line that the child reports, parsed. */
  readonly onReport: (report: unknown) => void;
  readonly signal?: AbortSignal;
}

/** Throws UsageError saying what is missing where the lane can't run here at all. */
export function requireRoot(): void {
  if (os.platform() !== "linux") throw new UsageError("the kernel lane needs Linux: use the model lane here");
  if (process.getuid?.() !== 0) {
    throw new KernelError(
      "the kernel lane needs root: run it as sudo npm run bench:kernel, or with sudo node dist/src/cli/main.js",
    );
  }
}

/**
 * Runs a request in a fresh sandbox and waits for its end; `prepare` may put files into its folder. Removes what could
 * stay behind. Throws KernelError with the child's own words when it fails.
 */
export async function runInSandbox<T extends object>(
  request: T & { readonly task: string },
  options: SandboxOptions,
  prepare?: (folder: string) => void,
): Promise<void> {
  requireRoot();
  const folder = mkdtempSync(join(os.tmpdir(), PREFIX));
  try {
    writeFileSync(join(folder, OWNER_FILE), String(process.pid));
    prepare?.(folder);
    await runChild({ ...request, folder }, options);
  } finally {
    const root = cgroupRoot();
    if (root !== null) await removeCgroups(root, basename(folder));
    rmSync(folder, { recursive: true, force: true });
  }
}

function runChild(request: SandboxRequest, { onReport, signal }: SandboxOptions): Promise<void> {
  const [command, ...args] = [
    toolPath("setpriv"),
    "--pdeathsig",
    "KILL",
    toolPath("unshare"),
    ...[
      "--net",
      "--mount",
      "--propagation",
      "private",
      "--pid",
      "--fork",
      "--kill-child=KILL",
      "--mount-proc",
    ],
    process.execPath,
    "--expose-gc",
    INSIDE_SCRIPT,
  ];
  // A process group of its own: Ctrl-C is for the parent, which saves first and then ends this one.
  const child = spawn(command!, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const kill = (): boolean => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  return new Promise((resolve, reject) => {
    let stderr = "";
    let failure: unknown;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      try {
        onReport(JSON.parse(line));
      } catch (error) {
        failure ??= error;
        kill();
      }
    });
    const ended = Promise.all([
      new Promise<number | null>((done) => child.once("close", done)),
      new Promise<void>((done) => lines.once("close", () => done())),
    ]);
    child.once("error", (error) => reject(new KernelError(error.message)));
    ended.then(([code]) => {
      signal?.removeEventListener("abort", kill);
      if (failure !== undefined) reject(failure);
      else if (code === 0 || signal?.aborted) resolve();
      else reject(new KernelError(reasonOf(stderr, code)));
    }, reject);
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(request));
  });
}

function reasonOf(stderr: string, code: number | null): string {
  const line = stderr.split("\n").find((text) => /^\w*Error: /.test(text));
  return (
    line?.replace(/^\w*Error: /, "") ?? (stderr.trim().slice(0, 300) || `the sandbox ended with code ${code}`)
  );
}

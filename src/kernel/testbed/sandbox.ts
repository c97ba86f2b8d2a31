/**
 * Everything of the kernel lane happens in a child process with network, mount and process namespaces of its own: a tool
 * that is called without a namespace meets an empty one, never the host's. When lbscale dies, however it dies, the
 * kernel kills the namespace's first process (PR_SET_PDEATHSIG), with it all others in it (pid_namespaces(7)), and with
 * them go the namespaces, mounts, pinned BPF objects and rules. Left over are a folder and a cgroup: see clean.ts.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { UnsupportedHostError } from "../../errors.js";
import { parseMessage } from "../../measure/message.js";
import { errorIn, lastWords, prefer, thisProcess } from "../../process.js";
import { cgroupRoot, OWNER_FILE, PREFIX, removeCgroups } from "./clean.js";
import {
  ERRORS_FILE,
  EXIT_FILE,
  guestCommand,
  guestEnvironment,
  guestFailure,
  guestSilent,
  NOBODY,
  REPORTS_FILE,
  REQUEST_FILE,
  SILENCE_MS,
  Tail,
} from "./guest.js";
import { thenCleanUp } from "./then-clean-up.js";
import { KernelError, toolPath } from "./tools.js";

/** Who sends reports. */
const FROM = "the sandbox";
const INSIDE_SCRIPT = fileURLToPath(new URL("../worker.js", import.meta.url));

/** Which kernel: this machine's, or a user-mode Linux guest's. */
export type KernelLane = "kernel" | "guest";

/** What the child in the sandbox is asked to do, and its folder, whose name is that of the run's cgroup too. */
export interface SandboxRequest {
  readonly task: string;
  readonly folder: string;
  /** The core that is measured on; null: any. */
  readonly cpu?: number | null;
}

export interface SandboxOptions<Report> {
  /** What each line is that the child reports. */
  readonly report: z.ZodType<Report>;
  /** Called for every such line. */
  readonly onReport: (report: Report) => void;
  readonly signal?: AbortSignal;
  /** Whether a person waits for the answer, and nothing is timed: it goes before other work. */
  readonly isUrgent?: boolean;
  /** What runs inside this machine's sandbox; the kernel lane's worker by default. */
  readonly script?: string;
}

/** Throws UnsupportedHostError saying what is missing where the lane can't run here at all. */
export function requireLane(lane: KernelLane): void {
  if (os.platform() !== "linux")
    throw new UnsupportedHostError(`the ${lane} lane needs Linux: use the model lane here`);
  // The guest is root of its own.
  if (lane === "kernel" && process.getuid?.() !== 0) {
    throw new UnsupportedHostError(
      "the kernel lane needs root: run it as sudo npm run bench:kernel, or with sudo node dist/src/cli/main.js",
    );
  }
}

/**
 * Runs a request in a fresh sandbox of the lane and waits for its end, at most until the signal aborts; `prepare` may put
 * files into its folder. Removes what could stay behind. Throws KernelError with the child's own words when it fails,
 * MalformedMessageError for a report that is none.
 */
export async function runInSandbox<Task extends Omit<SandboxRequest, "folder">, Report>(
  lane: KernelLane,
  request: Task,
  options: SandboxOptions<Report>,
  prepare?: (folder: string) => void,
): Promise<void> {
  requireLane(lane);
  // A signal that has aborted tells no listener: what was started would run to its end.
  if (options.signal?.aborted) return;
  const folder = mkdtempSync(join(os.tmpdir(), PREFIX));
  const root = cgroupRoot();
  await thenCleanUp(async () => {
    writeFileSync(join(folder, OWNER_FILE), thisProcess());
    prepare?.(folder);
    const run = lane === "kernel" ? runChild : runGuest;
    await run({ ...request, folder }, options);
  }, [
    () => (root === null ? undefined : removeCgroups(root, basename(folder))),
    () => rmSync(folder, { recursive: true, force: true }),
  ]);
}

/**
 * Starts a command with network, mount and process namespaces of its own, which ends when lbscale does.
 *
 * @param command Its path and its arguments.
 * @param env Its environment.
 * @returns The process, with a pipe for each standard stream.
 */
export function spawnIsolated(command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  // Who is not root becomes it in a user namespace: mounting and process namespaces need that.
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const args = [
    ...["--pdeathsig", "KILL", toolPath("unshare"), ...user, "--net", "--mount"],
    ...["--propagation", "private", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"],
    ...command,
  ];
  // A process group of its own: Ctrl-C is for the parent, which saves first and then ends this one.
  return spawn(toolPath("setpriv"), args, {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env,
  });
}

function runChild<Report>(
  request: SandboxRequest,
  { report, onReport, signal, isUrgent = false, script = INSIDE_SCRIPT }: SandboxOptions<Report>,
): Promise<void> {
  const child = spawnIsolated([process.execPath, "--expose-gc", script], process.env);
  if (isUrgent && child.pid !== undefined) prefer(child.pid);
  const kill = (): boolean => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  return new Promise((resolve, reject) => {
    const words = lastWords(child, ["stderr"]);
    let failure: unknown;
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => {
      try {
        onReport(parseMessage(report, line, FROM));
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
      else reject(new KernelError(exitReason(words(), code)));
    }, reject);
    child.stdin!.on("error", () => {});
    child.stdin!.end(JSON.stringify(request));
  });
}

const POLL_MS = 100;
const GRACE_MS = 3000;

/** The same in a user-mode Linux guest: the request and the reports are files of the folder. */
async function runGuest<Report>(request: SandboxRequest, options: SandboxOptions<Report>): Promise<void> {
  const { folder, cpu = null } = request;
  const { report, onReport, signal, isUrgent = false } = options;
  const isRoot = process.getuid?.() === 0;
  // The guest has one CPU, its own.
  writeFileSync(join(folder, REQUEST_FILE), JSON.stringify({ ...request, cpu: null }));
  const reports = new Tail(join(folder, REPORTS_FILE));
  writeFileSync(join(folder, ERRORS_FILE), "");
  if (isRoot) {
    for (const name of ["", REQUEST_FILE, REPORTS_FILE, ERRORS_FILE])
      chownSync(join(folder, name), NOBODY, NOBODY);
  }
  const child = spawnIsolated(guestCommand(folder, isRoot, cpu), guestEnvironment(folder));
  if (isUrgent && child.pid !== undefined) prefer(child.pid);
  const kill = (): boolean => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  const console = lastWords(child, ["stdout", "stderr"]);
  let failure: unknown;
  let heardAt = performance.now();
  let endsAt: number | undefined;
  const read = (): void => {
    try {
      for (const line of reports.lines()) {
        heardAt = performance.now();
        onReport(parseMessage(report, line, FROM));
      }
      // A guest that has done its work or has panicked may fail to power off.
      if (existsSync(join(folder, EXIT_FILE)) || console().includes("Kernel panic"))
        endsAt ??= performance.now();
      if (endsAt !== undefined && performance.now() - endsAt > GRACE_MS) kill();
      if (performance.now() - heardAt > SILENCE_MS) {
        throw guestSilent(SILENCE_MS, console());
      }
    } catch (error) {
      failure ??= error;
      kill();
    }
  };
  const polling = setInterval(read, POLL_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("close", () => resolve());
      child.once("error", (error) => reject(new KernelError(error.message)));
    });
    if (failure === undefined) read();
    if (failure !== undefined) throw failure;
    if (signal?.aborted) return;
    if (!existsSync(join(folder, EXIT_FILE))) throw guestFailure("it ended early", console());
    const code = Number(readFileSync(join(folder, EXIT_FILE), "utf8"));
    if (code !== 0) throw new KernelError(exitReason(readFileSync(join(folder, ERRORS_FILE), "utf8"), code));
  } finally {
    clearInterval(polling);
    signal?.removeEventListener("abort", kill);
    reports.close();
  }
}

function exitReason(words: string, code: number | null): string {
  return errorIn(words) ?? (words.trim().slice(0, 300) || `the sandbox ended with code ${code}`);
}

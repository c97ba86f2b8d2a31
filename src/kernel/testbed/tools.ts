/** Programs of the system: called by absolute path with argument arrays, never through a shell. */

import { execFile, type SpawnOptions, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { CheckFailedError } from "../../errors.js";
import { scriptPath } from "./scripts.js";

/** Where Debian's packages put them. The caller's PATH is not asked: as root it could name anything. */
const FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The kernel or one of its tools refused; the message holds the tool's own first words. */
export class KernelError extends CheckFailedError {
  override readonly name: string = "KernelError";
}

/** What was measured took longer than it may: than its own limit, or than what was left of the run's time. */
export class TimeLimitError extends KernelError {
  constructor(limitMs: number, isOfRun = false) {
    const seconds = `${Number((limitMs / 1000).toPrecision(3))} s`;
    super(
      isOfRun
        ? `the run's time budget ran out after ${seconds} of it`
        : `it did not finish within its time limit of ${seconds}`,
    );
  }
}

/** A system tool is not installed; the message says how to get it. */
export class MissingToolError extends KernelError {
  override readonly name = "MissingToolError";
  override readonly lacksProgram = true;
}

/** Tools that this process takes from elsewhere, by name. */
const replaced = new Map<string, string>();

/** From now on this process takes a tool from there: another version than the system's. */
export function replaceTool(name: string, path: string): void {
  replaced.set(name, path);
}

/** Absolute path of a system tool. Throws MissingToolError where it is not installed. */
export function toolPath(name: string): string {
  const other = replaced.get(name);
  if (other !== undefined) return other;
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder.
    }
  }
  throw new MissingToolError(`${name} is not installed: run ${scriptPath("install-kernel-tools.sh")}`);
}

export interface ToolOptions {
  /** Written to its standard input: in chunks, so that a large ruleset is never one string. */
  readonly input?: Iterable<string | Uint8Array>;
  /** 0 = none. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 2 ** 30;

/** Runs a tool and returns its standard output. Throws KernelError with its words when it fails or takes too long. */
export function runTool(path: string, args: readonly string[], options: ToolOptions = {}): Promise<Buffer> {
  const { input, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      path,
      [...args],
      {
        encoding: "buffer",
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: MAX_OUTPUT_BYTES,
        env: ENVIRONMENT,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        const words = stderr.toString().trim().split("\n").slice(0, 3).join("; ");
        const reason = error.killed ? `no answer within ${timeoutMs / 1000} s` : words || error.message;
        reject(new KernelError(`${[path, ...args].join(" ").slice(0, 120)}: ${reason}`));
      },
    );
    // A tool that refuses early closes its input: its exit code tells.
    child.stdin?.on("error", () => {});
    if (input) writeAll(child.stdin!, input);
    else child.stdin?.end();
  });
}

/** Fixed, so that neither the locale nor a library path of the caller reaches a tool that runs as root. */
const ENVIRONMENT = { PATH: FOLDERS.join(":"), LC_ALL: "C" };

function writeAll(stream: NodeJS.WritableStream, chunks: Iterable<string | Uint8Array>): void {
  const iterator = chunks[Symbol.iterator]();
  const next = (): void => {
    for (;;) {
      const { done, value } = iterator.next();
      if (done) {
        stream.end();
        return;
      }
      if (!stream.write(value)) break;
    }
    stream.once("drain", next);
  };
  next();
}

/** Starts a tool that stays, and waits until it prints its first line. It ends with the sandbox. */
export function startTool(path: string, args: readonly string[]): Promise<void> {
  const options: SpawnOptions = { stdio: ["ignore", "pipe", "pipe"], env: ENVIRONMENT };
  const child = spawn(path, [...args], options);
  return new Promise((resolve, reject) => {
    let stderr = "";
    child.stdout!.once("data", () => {
      child.unref();
      resolve();
    });
    child.stderr!.on("data", (text: Buffer) => {
      stderr += text.toString();
    });
    child.once("error", (error) => reject(new KernelError(`${path}: ${error.message}`)));
    child.once("close", (code) =>
      reject(new KernelError(`${path} ended with code ${code}: ${stderr.trim().slice(0, 200)}`)),
    );
  });
}

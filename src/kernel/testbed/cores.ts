/** The cores that processes may run on. Every one of them is not always open: lbscale may run under taskset or in a cpuset. */

import { readFileSync } from "node:fs";
import { KernelError, runTool, toolPath } from "./tools.js";

/** Moves processes to a core, and back to where they could run before. */
export class Cores {
  /** By process, as the kernel lists them: `0-3,7`. */
  readonly #before = new Map<string, string>();

  /** Lets a process run on one core, or with null on those that it had before the first call. */
  async pin(pid: string, cpu: number | null): Promise<void> {
    const before = this.#before.get(pid) ?? allowed(pid);
    this.#before.set(pid, before);
    await runTool(toolPath("taskset"), ["-p", "-c", cpu === null ? before : String(cpu), pid]);
  }
}

function allowed(pid: string): string {
  let cores: string | undefined;
  try {
    cores = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  } catch {
    // No such process.
  }
  if (cores === undefined) throw new KernelError(`process ${pid} has ended, which was to be moved to a core`);
  return cores;
}

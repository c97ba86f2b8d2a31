/** What a killed run can leave behind: a folder and a cgroup with BPF programs. Everything else dies with its processes. */

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** Every object's name begins with this and goes on with the run's id. */
export const PREFIX = "lbscale-kernel-";
/** Names the process of lbscale that a folder belongs to. */
const OWNER_FILE = "owner";

/** Where a cgroup v2 may be mounted already. */
const CGROUP_MOUNTS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** The mounted cgroup v2, or null: then the sandbox mounts its own, where the host can't see or clean it. */
export function cgroupRoot(): string | null {
  return (
    CGROUP_MOUNTS.find(
      (mount) => existsSync(join(mount, "cgroup.procs")) && existsSync(join(mount, "cgroup.controllers")),
    ) ?? null
  );
}

/** The kernel needs a moment to end a killed run's processes. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 20;

/** Removes cgroups of a run, with the programs that are attached to them. */
export async function removeCgroups(root: string, id: string): Promise<void> {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(id)) continue;
    for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
      try {
        rmdirSync(join(root, name));
        break;
      } catch (error) {
        if (waitedMs >= PATIENCE_MS) throw error;
        await setTimeout(PAUSE_MS);
      }
    }
  }
}

/** Makes a folder this process's: it is no leftover until the process ends. */
export function writeOwner(folder: string): void {
  writeFileSync(join(folder, OWNER_FILE), `${process.pid} ${startOf(process.pid) ?? ""}`);
}

/** Names of what killed runs left. Runs that are alive are not among them. */
export function findLeftovers(): string[] {
  const root = cgroupRoot();
  const cgroups = root === null ? [] : leftoversIn(root);
  const runs = new Set([...leftoversIn(os.tmpdir()), ...cgroups].map((name) => ID.exec(name)![0]));
  return [...runs].filter((id) => !isAlive(join(os.tmpdir(), id, OWNER_FILE)));
}

/** Removes what killed runs left, and returns the names of what it removed. */
export async function cleanLeftovers(): Promise<string[]> {
  const root = cgroupRoot();
  const removed = findLeftovers();
  for (const id of removed) {
    if (root !== null) await removeCgroups(root, id);
    rmSync(join(os.tmpdir(), id), { recursive: true, force: true });
  }
  return removed;
}

/** What mkdtemp makes of the prefix. A cgroup's name goes on with its lab's. */
const ID = new RegExp(`^${PREFIX}[A-Za-z0-9]{6}`);

function leftoversIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => ID.test(name));
}

/** Whether the process that an owner's file names still runs: another one may have got its id. */
function isAlive(ownerFile: string): boolean {
  try {
    const [pid, start = ""] = readFileSync(ownerFile, "utf8").split(" ");
    const startNow = startOf(Number(pid));
    return startNow !== undefined && (start === "" || start === startNow);
  } catch {
    return false;
  }
}

/** When a process started, in ticks since the machine did; undefined where there is none. */
function startOf(pid: number): string | undefined {
  try {
    // proc_pid_stat(5): the name, in brackets, may hold anything; the start is the 20th field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** What a killed run can leave behind: a folder and a cgroup with BPF programs. Everything else dies with its processes. */

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** Every object's name begins with this and goes on with the run's id. */
export const PREFIX = "lbscale-kernel-";
/** Holds the process id of the lbscale that a folder belongs to. */
export const OWNER_FILE = "owner";

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

/** Removes what killed runs left, and returns the names of what it removed. Runs that are alive are left alone. */
export async function cleanLeftovers(): Promise<string[]> {
  const root = cgroupRoot();
  const cgroups = root === null ? [] : leftoversIn(root);
  const runs = new Set([...leftoversIn(os.tmpdir()), ...cgroups].map((name) => ID.exec(name)![0]));
  const removed = [...runs].filter((id) => !isAlive(join(os.tmpdir(), id, OWNER_FILE)));
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

function isAlive(ownerFile: string): boolean {
  try {
    process.kill(Number(readFileSync(ownerFile, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * What a killed run can leave behind: a folder, and a cgroup that holds BPF programs. Everything else dies with its
 * processes; should one of these not, it is found too.
 */

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isAlive } from "../../process.js";
import { bpfHeldBy } from "./bpf-held.js";
import { runTool, toolPath } from "./tools.js";

/** Every object's name begins with this and goes on with the run's id. */
export const PREFIX = "lbscale-kernel-";
/** Names the process of lbscale that a folder belongs to. */
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
    // The run's own and its testbeds': another run's name may begin like this one's.
    if (name !== id && !name.startsWith(`${id}-`)) continue;
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

/** What one killed run left, in words. */
export interface Leftover {
  /** Name of the run. */
  readonly id: string;
  /** Its folder, cgroups, processes, mounts and network namespaces, each in a few words. */
  readonly parts: readonly string[];
}

/** Finds what killed runs left. Runs that are alive are left out. */
export function findLeftovers(): Leftover[] {
  const parts = new Map<string, string[]>();
  const add = (name: string, what: string): void => {
    const id = ID_ANYWHERE.exec(name)?.[0];
    if (id === undefined) return;
    const known = parts.get(id) ?? [];
    if (!known.includes(what)) parts.set(id, [...known, what]);
  };
  const root = cgroupRoot();
  for (const name of leftoversIn(os.tmpdir())) add(name, `folder ${join(os.tmpdir(), name)}`);
  if (root !== null) {
    for (const name of leftoversIn(root)) {
      const held = bpfHeldBy(join(root, name));
      add(name, `cgroup ${name}${held === "" ? "" : ` (${held})`}`);
    }
  }
  for (const { pid, command } of processes()) add(command, `process ${pid} (${nameOf(command)})`);
  for (const point of mounts()) add(point, `mount ${point}`);
  for (const name of namesIn(NAMESPACES)) add(name, `network namespace ${name}`);
  return [...parts].filter(([id]) => !isOwned(id)).map(([id, found]) => ({ id, parts: found }));
}

/** Removes what killed runs left, and returns the names of what it removed. Runs that are alive are left alone. */
export async function cleanLeftovers(): Promise<string[]> {
  const root = cgroupRoot();
  const removed = findLeftovers().map(({ id }) => id);
  for (const id of removed) {
    for (const { pid, command } of processes()) if (command.includes(id)) endProcess(pid);
    // The innermost first.
    for (const point of mounts().reverse())
      if (point.includes(id)) await runTool(toolPath("umount"), ["-l", point]);
    for (const name of namesIn(NAMESPACES))
      if (name.startsWith(id)) await runTool(toolPath("ip"), ["netns", "delete", name]);
    if (root !== null) await removeCgroups(root, id);
    rmSync(join(os.tmpdir(), id), { recursive: true, force: true });
  }
  return removed;
}

/** What mkdtemp makes of the prefix. A cgroup's name goes on with its testbed's. */
const ID = new RegExp(`^${PREFIX}[A-Za-z0-9]{6}`);
const ID_ANYWHERE = new RegExp(`${PREFIX}[A-Za-z0-9]{6}`);
/** Where ip-netns(8) keeps names. */
const NAMESPACES = "/run/netns";

function leftoversIn(folder: string): string[] {
  return namesIn(folder).filter((name) => ID.test(name));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Processes whose command line names a run: servers, real programs and guests are started on files of its folder. */
function processes(): { readonly pid: number; readonly command: string }[] {
  return namesIn("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    const command = readOrEmpty(join("/proc", name, "cmdline")).replaceAll("\0", " ");
    return RUNS_FILES.test(command) ? [{ pid: Number(name), command }] : [];
  });
}

/** A program or a file of a run's folder. A shell or an editor that only has its name as an argument is not ours. */
const RUNS_FILES = new RegExp(
  `^\\S*${PREFIX}[A-Za-z0-9]{6}/|kube-proxy\\S* --config \\S*${PREFIX}|^\\S+ --node-name .*--bpffs \\S*${PREFIX}|linux\\.uml .*uml_dir=\\S*${PREFIX}`,
);

function nameOf(command: string): string {
  return command.split(" ", 1)[0]!.split("/").at(-1)!;
}

function mounts(): string[] {
  return readOrEmpty("/proc/self/mounts")
    .split("\n")
    .flatMap((line) => line.split(" ").slice(1, 2))
    .filter((point) => ID_ANYWHERE.test(point));
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Whether the lbscale that a run belongs to is still there. */
function isOwned(id: string): boolean {
  const folder = join(os.tmpdir(), id);
  // Of another user's temporary folder nothing is known but that something runs in it.
  if (!existsSync(folder)) return processes().some(({ command }) => command.includes(id));
  return isAlive(readOrEmpty(join(folder, OWNER_FILE)));
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

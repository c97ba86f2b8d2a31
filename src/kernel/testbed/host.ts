/** The inside of the sandbox: mounts of its own, and the tools that work there. */

import { existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { removeCgroups } from "./clean.js";
import { runTool, toolPath } from "./tools.js";

/** A prepared sandbox. */
export interface Host {
  /** Name of the run: its folder's, its cgroup's, and how its namespaces' names begin. */
  readonly id: string;
  /** For compiled programs and files; on the host's disk, mode 0700. */
  readonly folder: string;
  /** A bpffs that dies with the sandbox. */
  readonly bpf: string;
  /** A cgroup v2 of a testbed, made when first asked for: for probes that BPF programs are to catch. */
  cgroupOf(testbed: string): string;
}

/** Mounts what the lane needs, in this mount namespace only; file systems of eBPF where they are asked for. */
export async function prepareHost(folder: string, withBpf: boolean): Promise<Host> {
  const id = basename(folder);
  const mount = toolPath("mount");
  // Names of network namespaces and the lock of xtables live in /run: the host's are not for the testbed.
  await runTool(mount, ["-t", "tmpfs", "tmpfs", "/run"]);
  mkdirSync("/run/netns");
  const bpf = join(folder, "bpf");
  const cgroups = join(folder, "cgroup");
  if (withBpf) {
    for (const [type, path] of [
      ["bpf", bpf],
      ["cgroup2", cgroups],
    ] as const) {
      mkdirSync(path);
      await runTool(mount, ["-t", type, type, path]);
    }
  }
  return {
    id,
    folder,
    bpf,
    cgroupOf: (testbed) => {
      const cgroup = join(cgroups, `${id}-${testbed}`);
      mkdirSync(cgroup, { recursive: true });
      return cgroup;
    },
  };
}

/** Removes what would outlive the sandbox: cgroups. The rest goes with its last process. */
export async function releaseHost({ id, folder }: Host): Promise<void> {
  const cgroups = join(folder, "cgroup");
  if (existsSync(cgroups)) await removeCgroups(cgroups, id);
}

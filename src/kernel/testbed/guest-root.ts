/** What the first process of a guest does before its work: mounts, and modules of the guest's own version. */

import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { toolPath } from "./tools.js";

/**
 * Mounts /proc, /sys, /run and the run's folder, the only one that can be written to, and loads modules. They are given by
 * name, because the guest looks for none by itself: there is no /lib/modules of its version on the host's disk.
 */
export function prepareGuest(folder: string, modules: readonly string[]): void {
  const run = (tool: string, ...args: string[]): void => {
    execFileSync(toolPath(tool), args, { stdio: ["ignore", "ignore", "inherit"] });
  };
  run("mount", "-t", "proc", "proc", "/proc");
  run("mount", "-t", "sysfs", "sysfs", "/sys");
  run("mount", "-t", "tmpfs", "tmpfs", "/run");
  run("mount", "-t", "hostfs", "-o", folder, "none", folder);
  mkdirSync("/run/kernel/lib", { recursive: true });
  symlinkSync("/usr/lib/uml/modules", "/run/kernel/lib/modules");
  run("modprobe", "-d", "/run/kernel", "-a", ...modules);
}

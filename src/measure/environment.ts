/** What the machine is, as far as it decides the numbers. No host name, user name or path. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { fileURLToPath } from "node:url";
import type { Environment } from "../results/schema.js";

/**
 * V8 flags of every timed child: one thread, so that a cell does not land in one of two JIT states; a young generation
 * large enough that what building and warming up leave behind is not collected while samples are timed. Not
 * --always-sparkplug, though it starts a child 30 ms sooner: it left iptables' long walks at 8 ns a rule instead of 5.
 */
export const CHILD_FLAGS = ["--single-threaded", "--expose-gc", "--min-semi-space-size=16"] as const;

const PACKAGES = ["tinybench", "chart.js", "chartjs-node-canvas"];

/** Reads the environment; what can't be read is said to be unknown. `timerResolutionNs` comes from the children. */
export function readEnvironment(pinnedCpu: number | null): Environment {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() || "unknown",
    cores: cpus.length,
    caches: readCaches(),
    memoryBytes: os.totalmem(),
    os: os.type(),
    kernel: os.release(),
    architecture: os.arch(),
    virtualisation: virtualisation(),
    governor: readLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") ?? "unknown",
    pinnedCpu,
    node: process.versions.node,
    v8: process.versions.v8,
    execArgv: [...CHILD_FLAGS],
    packages: Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
    gitCommit: gitCommit(),
    loadBefore: os.loadavg(),
    loadAfter: [],
    timerResolutionNs: 0,
  };
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

function readCaches(): Record<string, number> {
  const caches: Record<string, number> = {};
  const base = "/sys/devices/system/cpu/cpu0/cache";
  let entries: string[] = [];
  try {
    entries = readdirSync(base).filter((name) => name.startsWith("index"));
  } catch {
    // Not Linux, or hidden: the result says nothing about caches then.
  }
  for (const entry of entries) {
    const level = readLine(`${base}/${entry}/level`);
    const type = readLine(`${base}/${entry}/type`);
    const size = /^(\d+)K$/.exec(readLine(`${base}/${entry}/size`) ?? "");
    if (!level || !size || type === "Instruction") continue;
    caches[`L${level}${type === "Data" ? "d" : ""}`] = Number(size[1]) * 1024;
  }
  return caches;
}

function virtualisation(): string {
  const info = readLine("/proc/cpuinfo");
  if (info === undefined) return "unknown";
  return /^flags\s*:.*\bhypervisor\b/m.test(info) ? "virtual machine" : "none seen";
}

function packageVersion(name: string): string {
  try {
    const require = createRequire(import.meta.url);
    return (require(`${name}/package.json`) as { version: string }).version;
  } catch {
    return "unknown";
  }
}

/** Commit of the checkout this runs from; null when installed from a package. */
function gitCommit(): string | null {
  try {
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const run = (...args: string[]) =>
      execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    // An installed copy may lie inside somebody else's repository: only a checkout that tracks this file counts.
    if (run("ls-files", "--", "../../../package.json") === "") return null;
    return run("rev-parse", "HEAD");
  } catch {
    return null;
  }
}

/** What the machine is, as far as it decides the numbers. No host name, user name or path. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "../results/schema.js";
import { environmentWarnings } from "./fitness.js";

/**
 * V8 flags of every timed child: one thread, so that a cell does not land in one of two JIT states; a young generation
 * large enough that what building and warming up leave behind is not collected while samples are timed. Not
 * --always-sparkplug, though it starts a child 30 ms sooner: it left iptables' long walks at 8 ns per rule instead of 5.
 */
export const CHILD_FLAGS = ["--single-threaded", "--expose-gc", "--min-semi-space-size=16"] as const;

const PACKAGES = ["tinybench", "chart.js", "chartjs-node-canvas", "jstat"];

/** Where Linux describes processors (Documentation/ABI/testing/sysfs-devices-system-cpu). */
const CPUS = "/sys/devices/system/cpu";

/**
 * Reads the environment; what can't be read is said to be unknown. `timerResolutionNs` comes from the children. Caches and
 * governor are those of the CPU that children are pinned to: a machine may have cores of several kinds.
 */
export function readEnvironment(pinnedCpu: number | null, folder = CPUS): Environment {
  const cpus = os.cpus();
  const own = join(folder, `cpu${pinnedCpu ?? 0}`);
  const environment = {
    cpu: cpus[0]?.model.trim() || "unknown",
    cores: cpus.length,
    caches: readCaches(join(own, "cache")),
    memoryBytes: os.totalmem(),
    os: os.type(),
    kernel: os.release(),
    architecture: os.arch(),
    virtualisation: virtualisation(),
    governor: readLine(join(own, "cpufreq/scaling_governor")) ?? "unknown",
    turbo: turbo(),
    smt: smt(),
    pinnedCpu,
    node: process.versions.node,
    v8: process.versions.v8,
    execArgv: [...CHILD_FLAGS],
    packages: Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
    gitCommit: gitCommit(),
    loadBefore: os.loadavg(),
    loadAfter: [],
    timerResolutionNs: 0,
    stealShare: null,
  };
  return { ...environment, unfit: environmentWarnings(environment) };
}

/** Processor time since boot by /proc/stat (proc(5)): all of it, and what the hypervisor gave to others. */
export interface CpuTimes {
  readonly total: number;
  readonly steal: number;
}

/** null where the system does not tell. */
export function readCpuTimes(): CpuTimes | null {
  const fields = /^cpu (.*)$/m
    .exec(readLine("/proc/stat") ?? "")?.[1]
    ?.trim()
    .split(" ")
    .map(Number);
  if (!fields || fields.length < 8) return null;
  // user nice system idle iowait irq softirq steal; guest time is part of user.
  return { total: fields.slice(0, 8).reduce((sum, time) => sum + time, 0), steal: fields[7]! };
}

/** Adds to an environment what only the end of a run knows. */
export function closeEnvironment(environment: Environment, before: CpuTimes | null): void {
  environment.loadAfter = os.loadavg();
  const after = readCpuTimes();
  if (before && after && after.total > before.total) {
    const share = (after.steal - before.steal) / (after.total - before.total);
    environment.stealShare = Math.max(environment.stealShare ?? 0, share);
  }
  environment.unfit = environmentWarnings(environment);
}

/** Intel's driver says "no turbo", the others say "boost" (Documentation/admin-guide/pm/). */
function turbo(): string {
  const disabled = readLine(`${CPUS}/intel_pstate/no_turbo`);
  if (disabled !== undefined) return disabled === "1" ? "off" : "on";
  const boost = readLine(`${CPUS}/cpufreq/boost`);
  return boost === undefined ? "unknown" : boost === "1" ? "on" : "off";
}

function smt(): string {
  const active = readLine(`${CPUS}/smt/active`);
  return active === undefined ? "unknown" : active === "1" ? "on" : "off";
}

function readLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

function readCaches(base: string): Record<string, number> {
  const caches: Record<string, number> = {};
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
  // pattern-bounded: the system's own list.
  return /^flags\s*:.*\bhypervisor\b/m.test(info) ? "virtual machine" : "none seen";
}

/** Version by the package.json above the module: most packages don't export it. */
function packageVersion(name: string): string {
  try {
    const module = fileURLToPath(import.meta.resolve(name));
    const at = module.lastIndexOf(join("node_modules", name));
    const text = readFileSync(join(module.slice(0, at), "node_modules", name, "package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return "unknown";
  }
}

/** Commit of the checkout this runs from; null when installed from a package. */
function gitCommit(): string | null {
  // An installed copy may lie inside another repository: only a checkout that tracks this file counts.
  return commitOf(fileURLToPath(new URL(".", import.meta.url)), "../../../package.json");
}

/** A tenth of this is a change that nobody measures with. */
const MOST_DIFF_BYTES = 2 ** 28;
const DIGEST_LENGTH = 12;

/**
 * Commit of a checkout, with `-dirty` and a digest of changes that are in none: replicates of a run that is resumed are
 * comparable only where these are the same too.
 *
 * @param cwd A folder of the checkout.
 * @param tracked A file, from there, that it must have.
 * @returns Such as `3e98c43…` or `3e98c43…-dirty-1f0a93b2c4d5`; null where it is no such checkout.
 */
export function commitOf(cwd: string, tracked: string): string | null {
  try {
    // Run by root in a user's checkout: its settings name no program that is run then.
    const run = (...args: string[]) =>
      execFileSync("git", ["-c", "core.fsmonitor=false", ...args], {
        cwd,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        maxBuffer: MOST_DIFF_BYTES,
      }).trim();
    if (run("ls-files", "--", tracked) === "") return null;
    const commit = run("describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*");
    if (!commit.endsWith("-dirty")) return commit;
    const changes = run("diff", "HEAD", "--no-ext-diff", "--no-textconv", "--full-index");
    return `${commit}-${createHash("sha256").update(changes).digest("hex").slice(0, DIGEST_LENGTH)}`;
  } catch {
    return null;
  }
}

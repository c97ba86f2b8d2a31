import { existsSync, lchownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandModule } from "yargs";
import { benchCluster } from "../../../bench/cluster.js";
import { PROFILES } from "../../../bench/profiles.js";
import { SCENARIOS } from "../../../bench/scenarios.js";
import type { Cluster } from "../../cluster/cluster.js";
import { clusterDigest } from "../../cluster/digest.js";
import { growCluster } from "../../cluster/grow.js";
import { writeCluster } from "../../cluster/json.js";
import { CheckFailedError, UsageError } from "../../errors.js";
import { KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import { closeEnvironment, readCpuTimes, readEnvironment } from "../../measure/environment.js";
import { runSchedule } from "../../measure/run.js";
import { childPrefix, killChildren, pinnableCpu } from "../../measure/spawn.js";
import { PLANE_IDS, type PlaneId, type PlaneOptions } from "../../planes/plane.js";
import { findFindings } from "../../report/findings/index.js";
import { formatCount } from "../../report/format.js";
import { conclude } from "../../results/conclude.js";
import {
  ensureWritableFolder,
  lockFolder,
  RESULTS_FILE,
  readResults,
  removeTemporaryFiles,
} from "../../results/files.js";
import { IPVS_SCHEDULERS } from "../../results/ipvs-schedulers.js";
import type { Cell, Environment, Results } from "../../results/schema.js";
import { certify } from "../certificate.js";
import { writeReport } from "../charts.js";
import { readCluster } from "../input.js";
import { InterruptedError } from "../interrupted.js";
import { type KernelRunArguments, measureInKernel, planKernelRun } from "../kernel-run.js";
import { note, print } from "../output.js";
import { planRun, profileById } from "../plan.js";
import { Progress } from "../progress.js";
import { Saver } from "../saver.js";
import { summarize } from "../summary.js";
import { VERSION } from "../version.js";

interface Arguments extends KernelRunArguments {
  lane: "model" | "kernel";
  out: string | undefined;
  resume: boolean;
  json: boolean;
}

const CHILD_SCRIPT = fileURLToPath(new URL("../../../bench/child.js", import.meta.url));

export const run: CommandModule<object, Arguments> = {
  command: "run",
  describe: "Measure: every plane at every number of services, then charts and a table",
  builder: (yargs) =>
    yargs
      .option("profile", {
        type: "string",
        default: "default",
        requiresArg: true,
        describe: `Of ${PROFILES.map(({ id }) => id).join(", ")}`,
      })
      .option("lane", {
        choices: ["model", "kernel"] as const,
        default: "model" as const,
        describe: "Byte-faithful models, or connections through the real kernel (Linux, root)",
      })
      .option("planes", {
        type: "string",
        requiresArg: true,
        describe: `Of ${PLANE_IDS.join(", ")}; lane kernel: of ${KERNEL_PLANE_IDS.join(", ")}`,
      })
      .option("connections", {
        type: "string",
        requiresArg: true,
        describe: "Lane kernel: new connections of each round; 1000 by default",
      })
      .option("services", {
        type: "string",
        requiresArg: true,
        describe: "Numbers of services, such as 1,100,1000",
      })
      .option("scenarios", {
        type: "string",
        requiresArg: true,
        describe: `Of ${SCENARIOS.map(({ id }) => id).join(", ")}, or all`,
      })
      .option("cluster", {
        type: "string",
        requiresArg: true,
        describe: "Measure this cluster (a file, or -), grown to --services",
      })
      .option("endpoints", {
        type: "string",
        requiresArg: true,
        describe: "Endpoints of each generated service",
      })
      .option("replicates", {
        type: "string",
        requiresArg: true,
        describe: "Fresh processes for each cell; 7-30: more where the interval is wide",
      })
      .option("warmup-ms", { type: "string", requiresArg: true, describe: "Warm-up of each process" })
      .option("measure-ms", { type: "string", requiresArg: true, describe: "Timed part of each process" })
      .option("slow-down", { type: "string", requiresArg: true, hidden: true })
      .option("zipf", {
        type: "string",
        requiresArg: true,
        describe: "Skew of traffic over services: Zipf exponent",
      })
      .option("misses", {
        type: "string",
        requiresArg: true,
        describe: "Share of flows that no service answers",
      })
      .option("ipvs-scheduler", {
        choices: IPVS_SCHEDULERS,
        default: "rr" as const,
        describe: "IPVS scheduler",
      })
      .option("ipvs-table", {
        choices: ["fixed", "resizable"] as const,
        default: "fixed" as const,
        describe: "IPVS service table: 256 buckets, or the one merged in 2026",
      })
      .option("ebpf-map-max", {
        type: "string",
        requiresArg: true,
        describe: "Entries of Cilium's maps (bpf-lb-map-max); as many as the cluster needs by default",
      })
      .option("maglev-table-size", {
        type: "string",
        requiresArg: true,
        describe: "Places of a Maglev table; 16381 by default",
      })
      .option("seed", {
        type: "string",
        default: "1",
        requiresArg: true,
        describe: "Seed of everything random",
      })
      .option("out", {
        type: "string",
        requiresArg: true,
        describe: "Folder of the run; results/runs/<id> by default",
      })
      .option("resume", { type: "boolean", default: false, describe: "Finish the interrupted run in --out" })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "Print the results as JSON instead of the table",
      }),
  handler: async (args) => {
    if (args.lane === "kernel") return runKernel(args);
    const template = args.cluster === undefined ? null : readCluster(args.cluster);
    const cpu = pinnableCpu();
    const results = args.resume
      ? resumed(args)
      : planRun(args, readEnvironment(cpu), new Date(), template?.services ?? null);
    if (template === null && results.cluster.source === "imported") {
      throw new UsageError("this run measures an imported cluster: give it again with --cluster");
    }
    const out = args.out ?? join("results", "runs", results.run.id);
    // A cluster that doesn't fit its ranges is refused here, before anything is written.
    if (template) for (const { services } of results.cells) growCluster(template, services);
    if (!args.resume && existsSync(join(out, RESULTS_FILE))) {
      throw new UsageError(`${out} holds a run already: choose another --out, or finish it with --resume`);
    }
    ensureWritableFolder(out);
    const unlock = lockFolder(out);
    try {
      removeTemporaryFiles(out);
      await measure(results, out, template, cpu);
    } finally {
      unlock();
    }
    await report(results, out, args.json);
  },
};

async function runKernel(args: Arguments): Promise<void> {
  if (args.resume)
    throw new UsageError("--resume is for the model lane: a kernel run takes minutes, start a new one");
  const results = planKernelRun(args, readEnvironment(pinnableCpu()), new Date());
  const out = args.out ?? join("results", "runs", results.run.id);
  if (existsSync(join(out, RESULTS_FILE))) {
    throw new UsageError(`${out} holds a run already: choose another --out`);
  }
  ensureWritableFolder(out);
  const unlock = lockFolder(out);
  const saver = new Saver(out, note);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const cpuTimes = readCpuTimes();
  const progress = new Progress();
  try {
    await nameClusters(results, true, (cell) =>
      benchCluster({
        clusterFile: null,
        services: cell.services,
        clusterSeed: results.run.seed,
        endpointsPerService: cell.endpoints,
        entry: "clusterIp",
        variant: "",
      }),
    );
    saver.save(results);
    await measureInKernel(results, args, {
      signal: interruption.signal,
      onProgress: (done, total, leftMs, what) => progress.show(done, total, leftMs, what),
      onRound: () => saver.saveNowAndThen(results),
    });
    progress.end();
    conclude(results);
    results.findings = findFindings(results);
    closeEnvironment(results.environment, cpuTimes);
    results.run.complete = !interruption.signal.aborted;
    results.run.finishedAt = results.run.complete ? new Date().toISOString() : null;
    saver.save(results);
    if (interruption.signal.aborted)
      throw new InterruptedError(`interrupted: what was measured is in ${out}`);
    await report(results, out, args.json);
  } finally {
    progress.end();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    unlock();
    returnToUser(out);
  }
}

/** What root wrote belongs to the user who asked for it with sudo. */
function returnToUser(folder: string): void {
  const { SUDO_UID, SUDO_GID } = process.env;
  const [uid, gid] = [Number(SUDO_UID), Number(SUDO_GID)];
  if (process.getuid?.() !== 0 || !(uid > 0) || !(gid > 0)) return;
  for (const path of [
    folder,
    ...readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  ]) {
    lchownSync(path, uid, gid);
  }
}

function resumed(args: Arguments): Results {
  if (args.out === undefined) throw new UsageError("--resume needs --out: the folder of the run to finish");
  const results = readResults(args.out);
  if (results.run.complete) throw new UsageError(`the run in ${args.out} is complete: nothing to resume`);
  if (args.cluster !== undefined && results.cluster.source !== "imported") {
    throw new UsageError(`the run in ${args.out} measures synthetic clusters: resume it without --cluster`);
  }
  const elsewhere = [
    ...(results.tool.version === VERSION ? [] : [`lbscale was ${results.tool.version} and is ${VERSION}`]),
    ...differences(results.environment, readEnvironment(pinnableCpu())),
  ];
  if (elsewhere.length > 0) {
    throw new UsageError(
      `the run in ${args.out} began under other conditions: ${elsewhere.join("; ")}; start a new run`,
    );
  }
  return results;
}

/** What must be the same in all replicates of a run. */
function differences(then: Environment, now: Environment): string[] {
  const fields = ["cpu", "cores", "node", "v8", "execArgv", "pinnedCpu", "gitCommit"] as const;
  return fields
    .filter((field) => JSON.stringify(then[field]) !== JSON.stringify(now[field]))
    .map((field) => `${field} was ${String(then[field])} and is ${String(now[field])}`);
}

/** Measures what is missing. On Ctrl-C what was measured is saved and InterruptedError thrown. */
async function measure(
  results: Results,
  out: string,
  template: Cluster | null,
  cpu: number | null,
): Promise<void> {
  const saver = new Saver(out, note);
  // From here on there is something to resume, whenever the process ends.
  saver.save(results);
  const planes = PLANE_IDS.filter((id) => results.cells.some(({ plane }) => plane === id));
  note(`checking that ${planes.join(", ")} decide alike`);
  results.equivalence = certify(planes, results.run.seed);

  const folder = template && mkdtempSync(join(os.tmpdir(), "lbscale-"));
  const clusterFile = folder && join(folder, "cluster.json");
  const interruption = new AbortController();
  const interrupt = (): void => {
    interruption.abort();
    killChildren();
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const cpuTimes = readCpuTimes();
  const progress = new Progress();
  try {
    if (template && clusterFile)
      writeFileSync(clusterFile, [...writeCluster(template)].join(""), { mode: 0o600 });
    const { settings, seed, entry } = results.run;
    const jobOf = ({ scenario, plane, services, endpoints, variant }: Cell) => ({
      scenario,
      variant,
      plane: plane as PlaneId,
      services,
      clusterSeed: seed,
      clusterFile,
      entry,
      endpointsPerService: endpoints,
      options: planeOptions(settings.planes),
      zipf: settings.zipf,
      misses: settings.misses,
      warmupMs: settings.warmupMs,
      measureMs: settings.measureMs,
      singlesMs: settings.singlesMs,
      slowdown: settings.slowdown?.plane === plane ? settings.slowdown.share : 0,
    });
    await nameClusters(results, template === null, (cell) => benchCluster(jobOf(cell)));
    saver.save(results);
    await runSchedule(results, {
      childScript: CHILD_SCRIPT,
      prefix: childPrefix(cpu),
      signal: interruption.signal,
      jobOf,
      onProgress: ({ done, total, leftMs, cell }) =>
        progress.show(done, total, leftMs, `${cell.plane}, ${formatCount(cell.services)} services`),
      onReplicate: () => saver.saveNowAndThen(results),
    });
  } finally {
    progress.end();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
  conclude(results);
  results.findings = findFindings(results);
  closeEnvironment(results.environment, cpuTimes);
  if (interruption.signal.aborted) {
    saver.save(results);
    throw new InterruptedError(
      `interrupted: what was measured is in ${out}; finish it with: lbscale run --resume --out ${out}`,
    );
  }
  results.run.complete = true;
  results.run.finishedAt = new Date().toISOString();
  saver.save(results);
}

/** Stores a digest of every cluster. Throws UsageError where a resumed run has another: all replicates share one. */
async function nameClusters(
  results: Results,
  synthetic: boolean,
  clusterOf: (cell: Cell) => Promise<Cluster>,
): Promise<void> {
  const usual = synthetic ? results.run.settings.endpointsPerService : null;
  const { digests } = results.cluster;
  const seen = new Set<string>();
  for (const cell of results.cells) {
    const name = clusterName(cell, usual);
    if (seen.has(name)) continue;
    seen.add(name);
    const digest = clusterDigest(await clusterOf(cell));
    if (digests[name] !== undefined && digests[name] !== digest) {
      throw new UsageError(
        `this run began with another cluster (${name} services): give it the same --cluster`,
      );
    }
    digests[name] = digest;
  }
}

/** `1000`, or `100x10 affinity` where a scenario varies more than N. `usual`: endpoints of a service; null: imported. */
function clusterName({ services, endpoints, variant }: Cell, usual: number | null): string {
  return [usual === null || endpoints === usual ? services : `${services}x${endpoints}`, variant]
    .filter((part) => part !== "")
    .join(" ");
}

/** Drops what is not set: an option that is there but undefined is another thing to the planes. */
function planeOptions(settings: Results["run"]["settings"]["planes"]): PlaneOptions {
  const { ipvsScheduler, ipvsServiceTable, ebpfMapEntries, maglevTableSize } = settings;
  return {
    ipvsScheduler,
    ipvsServiceTable,
    ...(ebpfMapEntries !== undefined && { ebpfMapEntries }),
    ...(maglevTableSize !== undefined && { maglevTableSize }),
  };
}

async function report(results: Results, out: string, json: boolean): Promise<void> {
  if (results.cells.every((cell) => cell.estimate === null && cell.counts === null)) {
    throw new CheckFailedError(
      `nothing could be measured: ${results.cells[0]!.warnings[0] ?? "no replicate ended"}`,
    );
  }
  const profile = profileById(results.cells[0]!.lane === "kernel" ? "default" : results.run.profile);
  const { paths, skipped } = writeReport(results, join(out, "charts"), {
    formats: [...profile.images, "md", "csv"],
    themes: profile.themes,
    size: "slide",
  });
  for (const { id, reason } of skipped) note(`no chart "${id}": ${reason}`);
  if (json) return print(`${JSON.stringify(results)}\n`);
  await print(
    `${summarize(results)}\n${[join(out, RESULTS_FILE), ...paths].map((path) => `${path}\n`).join("")}`,
  );
}

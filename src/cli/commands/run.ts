import { join } from "node:path";
import type { CommandModule } from "yargs";
import { CATALOG } from "../../catalog.js";
import { POPULAR } from "../../cluster/flows.js";
import { growCluster } from "../../cluster/grow.js";
import { UsageError } from "../../errors.js";
import { KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import type { KernelLane } from "../../kernel/sandbox.js";
import { readEnvironment } from "../../measure/environment.js";
import { pinnableCpu } from "../../measure/spawn.js";
import { IPVS_SCHEDULERS } from "../../planes/ipvs/scheduler-names.js";
import { PLANE_IDS } from "../../planes/registry-loader.js";
import type { KernelRunArguments } from "../../run/lanes/kernel.js";
import { runKernel } from "../../run/lanes/kernel-session.js";
import { resumeRun, startRun } from "../../run/lanes/model.js";
import { planRun } from "../../run/plan.js";
import { loadResumableRun } from "../../run/resume.js";
import { readCluster } from "../input.js";
import { reportRun } from "../report-run.js";

interface Arguments extends Omit<KernelRunArguments, "lane"> {
  lane: "model" | KernelLane;
  out: string | undefined;
  resume: boolean;
  json: boolean;
}

export const run: CommandModule<object, Arguments> = {
  command: "run",
  describe: "Measure: every plane at every number of services, then charts and a table",
  builder: (yargs) =>
    yargs
      .option("profile", {
        type: "string",
        default: "default",
        requiresArg: true,
        describe: `Of ${CATALOG.profiles.map(({ id }) => id).join(", ")}`,
      })
      .option("lane", {
        choices: ["model", "kernel", "guest"] as const,
        default: "model" as const,
        describe:
          "Byte-faithful models; connections through the real kernel (Linux, root); or only through one in user-mode Linux",
      })
      .option("planes", {
        type: "string",
        requiresArg: true,
        describe: `Of ${PLANE_IDS.join(", ")}; lane kernel: of ${KERNEL_PLANE_IDS.join(", ")}`,
      })
      .option("connections", {
        type: "string",
        requiresArg: true,
        describe: "Lanes kernel and guest: new connections of each round; 1000 by default",
      })
      .option("services", {
        type: "string",
        requiresArg: true,
        describe: "Numbers of services, such as 1,100,1000",
      })
      .option("scenarios", {
        type: "string",
        requiresArg: true,
        describe: `Of ${[...CATALOG.scenarios, ...CATALOG.derived].map(({ id }) => id).join(", ")}, or all`,
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
      .option("popular", {
        choices: POPULAR,
        describe: "With --zipf: where popular services stand in a rule list; anywhere by default",
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
    const { lane } = args;
    if (lane !== "model") return runKernel({ ...args, lane });
    const template = args.cluster === undefined ? null : readCluster(args.cluster);
    const cpu = pinnableCpu();
    const results = args.resume
      ? loadResumableRun(args)
      : planRun(args, readEnvironment(cpu), new Date(), template?.services ?? null);
    if (template === null && results.cluster.source === "imported") {
      throw new UsageError("this run measures an imported cluster: give it again with --cluster");
    }
    const out = args.out ?? join("results", "runs", results.run.id);
    // A cluster that doesn't fit its ranges is refused here, before anything is written.
    if (template) for (const { services } of results.cells) growCluster(template, services);
    if (args.resume) await resumeRun(out, results, template, cpu);
    else await startRun(out, results, template, cpu);
    await reportRun(results, out, args.json);
  },
};

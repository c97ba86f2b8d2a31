/** All visits of a task, one after another: a program at work would disturb another. */

import type { Cluster } from "../../cluster/cluster.js";
import { type DualStack, FAMILIES } from "../../cluster/family.js";
import { compileCiliumReader, compileProgram } from "../native.js";
import { OUT_OF_TIME } from "../out-of-time.js";
import type { RealProgram } from "../planes/real-programs.js";
import type { Host } from "../testbed/host.js";
import type { ProgrammingReport, ProgrammingTask } from "./tasks.js";
import { makeVisit } from "./visit.js";

/** Makes the visits in their order, as long as there is time. */
export async function measureProgramming(
  host: Host,
  task: ProgrammingTask,
  clusterOf: (services: number) => Promise<Cluster | DualStack>,
  report: (report: ProgrammingReport) => void,
): Promise<void> {
  const has = (kind: RealProgram["kind"]): boolean => task.cells.some(({ program }) => program.kind === kind);
  const natives = {
    probe: await compileProgram("probe", host.folder),
    server: await compileProgram("server", host.folder),
    timed: has("kube-proxy") ? await compileProgram("timed", host.folder) : null,
    reader: has("cilium")
      ? await compileCiliumReader(host.folder, task.family === "dual" ? FAMILIES : [task.family])
      : null,
    watch: await compileProgram("watch", host.folder),
  };
  const began = performance.now();
  for (const visit of task.visits) {
    const leftMs =
      task.budgetMs === null ? Number.POSITIVE_INFINITY : task.budgetMs - (performance.now() - began);
    const where = { cell: visit.cell, block: visit.block, place: visit.place };
    if (leftMs <= 0) {
      report({ kind: "gap", ...where, stage: "start", reason: OUT_OF_TIME, spentMs: 0 });
      report({ kind: "left", ...where, spentMs: 0 });
      continue;
    }
    const cluster = await clusterOf(task.cells[visit.cell]!.services);
    const limit = { limitMs: Math.min(task.limitMs, leftMs), isLimitOfRun: leftMs < task.limitMs };
    await makeVisit(visit, { host, natives, task, cluster, ...limit, report });
  }
}

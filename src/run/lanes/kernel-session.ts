/** `lbscale run --lane kernel`, with its folder, progress and interruption. */

import { existsSync, lchownSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { findFindings } from "../../analysis/findings/index.js";
import { InterruptedError, withAbortOnSignal } from "../../cli/interrupted.js";
import { note } from "../../cli/output.js";
import { Progress } from "../../cli/progress.js";
import { reportRun } from "../../cli/report-run.js";
import { UsageError } from "../../errors.js";
import { KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import { benchCluster } from "../../measure/bench-cluster.js";
import { closeEnvironment, readCpuTimes, readEnvironment } from "../../measure/environment.js";
import { pinnableCpu } from "../../measure/spawn.js";
import { summarize } from "../../results/conclude.js";
import { ensureWritableFolder, lockFolder, RESULTS_FILE } from "../../results/files.js";
import { Checkpoint } from "../checkpoint.js";
import { recordClusterDigests } from "../cluster-digests.js";
import { type KernelRunArguments, measureInKernel, planKernelRun } from "./kernel.js";
import { placePlanes } from "./kernel-placement.js";

interface Arguments extends KernelRunArguments {
  out: string | undefined;
  resume: boolean;
  json: boolean;
}

/** Measures in the kernel, and reports. Throws UsageError for what only the model lane can do. */
export async function runKernel(args: Arguments): Promise<void> {
  if (args.resume)
    throw new UsageError("--resume is for the model lane: a kernel run takes minutes, start a new one");
  const places = await placePlanes({
    lane: args.lane,
    planes: args.planes,
    choices: KERNEL_PLANE_IDS,
    includeBaselines: true,
  });
  const results = planKernelRun(args, places, readEnvironment(pinnableCpu()), new Date());
  const out = args.out ?? join("results", "runs", results.run.id);
  if (existsSync(join(out, RESULTS_FILE))) {
    throw new UsageError(`${out} holds a run already: choose another --out`);
  }
  await withAbortOnSignal(async (signal) => {
    ensureWritableFolder(out);
    const unlock = lockFolder(out);
    const saver = new Checkpoint(out, note);
    const cpuTimes = readCpuTimes();
    const progress = new Progress();
    try {
      await recordClusterDigests(results, true, signal, (cell) =>
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
      await measureInKernel(results, args, places, {
        signal,
        onProgress: (done, total, leftMs, what) => progress.show(done, total, leftMs, what),
        onRound: () => saver.saveThrottled(results),
      });
      progress.end();
      summarize(results);
      results.findings = findFindings(results);
      closeEnvironment(results.environment, cpuTimes);
      results.run.complete = !signal.aborted;
      results.run.finishedAt = results.run.complete ? new Date().toISOString() : null;
      saver.save(results);
      if (signal.aborted) throw new InterruptedError(`interrupted: what was measured is in ${out}`);
      await reportRun(results, out, args.json);
    } finally {
      progress.end();
      unlock();
      returnToUser(out);
    }
  });
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

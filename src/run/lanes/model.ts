/** Measures in the model lane, into a folder that holds the run from its first second on. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFindings } from "../../analysis/findings/index.js";
import { InterruptedError, withAbortOnSignal } from "../../cli/interrupted.js";
import { note } from "../../cli/output.js";
import { Progress } from "../../cli/progress.js";
import type { Cluster } from "../../cluster/cluster.js";
import { writeCluster } from "../../cluster/json.js";
import { UsageError } from "../../errors.js";
import { benchCluster } from "../../measure/bench-cluster.js";
import { closeEnvironment, readCpuTimes } from "../../measure/environment.js";
import { runSchedule } from "../../measure/run.js";
import { childPrefix, killChildren } from "../../measure/spawn.js";
import { planeOptionsOf } from "../../planes/options.js";
import { PLANE_IDS } from "../../planes/registry-loader.js";
import { summarize } from "../../results/conclude.js";
import { ensureWritableFolder, lockFolder, RESULTS_FILE, removeTemporaryFiles } from "../../results/files.js";
import type { Cell, Results } from "../../results/schema.js";
import { formatCount } from "../../text.js";
import { certify } from "../certify.js";
import { Checkpoint } from "../checkpoint.js";
import { recordClusterDigests } from "../cluster-digests.js";

const CHILD_SCRIPT = fileURLToPath(new URL("../../measure/worker.js", import.meta.url));

/** Measures a new run into a folder. Throws UsageError where that holds one already, or can't be written to. */
export async function startRun(
  out: string,
  results: Results,
  template: Cluster | null,
  cpu: number | null,
): Promise<void> {
  if (existsSync(join(out, RESULTS_FILE))) {
    throw new UsageError(`${out} holds a run already: choose another --out, or finish it with --resume`);
  }
  await resumeRun(out, results, template, cpu);
}

/** Measures what the run in a folder still lacks. Throws UsageError where another process does. */
export async function resumeRun(
  out: string,
  results: Results,
  template: Cluster | null,
  cpu: number | null,
): Promise<void> {
  await withAbortOnSignal(async (signal) => {
    ensureWritableFolder(out);
    const unlock = lockFolder(out);
    try {
      removeTemporaryFiles(out);
      await measure(results, out, template, cpu, signal);
    } finally {
      unlock();
    }
  });
}

/** Measures what is missing. When the signal aborts, what was measured is saved and InterruptedError thrown. */
async function measure(
  results: Results,
  out: string,
  template: Cluster | null,
  cpu: number | null,
  signal: AbortSignal,
): Promise<void> {
  const saver = new Checkpoint(out, note);
  // From here on there is something to resume, whenever the process ends.
  saver.save(results);
  const planes = PLANE_IDS.filter((id) => results.cells.some(({ plane }) => plane === id));
  note(`checking that ${planes.join(", ")} decide alike`);
  results.equivalence = certify(planes, results.run.seed);

  const folder = template && mkdtempSync(join(os.tmpdir(), "lbscale-"));
  const clusterFile = folder && join(folder, "cluster.json");
  signal.addEventListener("abort", killChildren);
  const cpuTimes = readCpuTimes();
  const progress = new Progress();
  try {
    if (template && clusterFile)
      writeFileSync(clusterFile, [...writeCluster(template)].join(""), { mode: 0o600 });
    const { settings, seed, entry } = results.run;
    const jobOf = ({ scenario, plane, services, endpoints, variant }: Cell) => ({
      scenario,
      variant,
      plane,
      services,
      clusterSeed: seed,
      clusterFile,
      entry,
      endpointsPerService: endpoints,
      options: planeOptionsOf(settings.planes),
      zipf: settings.zipf,
      popular: settings.popular,
      misses: settings.misses,
      warmupMs: settings.warmupMs,
      measureMs: settings.measureMs,
      singlesMs: settings.singlesMs,
      slowdown: settings.slowdown?.plane === plane ? settings.slowdown.share : 0,
    });
    await recordClusterDigests(results, template === null, signal, (cell) => benchCluster(jobOf(cell)));
    saver.save(results);
    await runSchedule(results, {
      childScript: CHILD_SCRIPT,
      prefix: childPrefix(cpu),
      signal,
      jobOf,
      onProgress: ({ done, total, leftMs, cell }) =>
        progress.show(done, total, leftMs, `${cell.plane}, ${formatCount(cell.services)} services`),
      onReplicate: () => saver.saveThrottled(results),
    });
  } finally {
    progress.end();
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
  summarize(results);
  results.findings = findFindings(results);
  closeEnvironment(results.environment, cpuTimes);
  if (signal.aborted) {
    saver.save(results);
    throw new InterruptedError(
      `interrupted: what was measured is in ${out}; finish it with: lbscale run --resume --out ${out}${template ? " --cluster THE-SAME" : ""}`,
    );
  }
  results.run.complete = true;
  results.run.finishedAt = new Date().toISOString();
  saver.save(results);
}

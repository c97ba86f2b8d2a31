/** A run from its specification to concluded results: folder, lock, checkpoints and interruption of every lane. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { findFindings } from "../analysis/findings/index.js";
import type { Cluster } from "../cluster/cluster.js";
import { type DualStack, familiesOf } from "../cluster/family.js";
import { growFamilies, servicesOf } from "../cluster/grow-families.js";
import { writeCluster } from "../cluster/json.js";
import type { ClusterSettings } from "../cluster-lane/options.js";
import { closeEnvironment, readCpuTimes, readEnvironment } from "../measure/environment.js";
import { pinnableCpu } from "../measure/spawn.js";
import { planeOptionsFrom } from "../planes/options.js";
import { ensureWritableFolder, removeTemporaryFiles } from "../results/files.js";
import type { Results } from "../results/schema.js";
import { summarize } from "../results/summarize.js";
import type { BenchmarkCatalog } from "./catalog.js";
import { certify } from "./certify.js";
import { Checkpoint } from "./checkpoint.js";
import { recordClusterDigests } from "./cluster-digests.js";
import { measuredEntries } from "./describe.js";
import { InterruptedRunError, NotResumableError } from "./errors.js";
import type { RunEvent } from "./events.js";
import { familyOfRun, partOf, withImported } from "./family.js";
import { chooseFolder } from "./folder.js";
import { RunClock } from "./lanes/budget.js";
import { LANES } from "./lanes/index.js";
import type { Lane, LaneEntry, Plan } from "./lanes/lane.js";
import { lockFolder } from "./lock.js";
import { DEFAULT_LANE, lanesUsing } from "./options.js";
import { assembleRun } from "./plan.js";
import { loadResumableRun } from "./resume.js";
import { callOf, checkRunSpec, InvalidRunSpecError, type RunSpec, type RunSpecInput } from "./spec.js";

/** What accompanies a run, whatever it measures. */
export interface SessionOptions {
  /** What can be measured; this package's planes, scenarios and profiles where absent. */
  readonly catalog?: BenchmarkCatalog | undefined;
  /** An imported cluster to measure instead of generated ones, grown to each number of services. Model lane. */
  readonly cluster?: Cluster | DualStack | undefined;
  /**
   * Called as the run goes on, and never while something is timed.
   *
   * @param event What has just happened, or is about to.
   */
  readonly onProgress?: ((event: RunEvent) => void) | undefined;
  /** Ends the run early when it aborts; what was measured until then is kept. */
  readonly signal?: AbortSignal | undefined;
}

/** With the catalog filled in: the engine has none of its own. `lanes`: instead of those of this package. */
type WithCatalog<T extends SessionOptions> = T & {
  readonly catalog: BenchmarkCatalog;
  readonly lanes?: readonly LaneEntry[];
};

/** Options of `runBenchmark`. */
export interface RunOptions extends SessionOptions {
  /**
   * Folder that holds results.json from the run's first second on, or a function that names it by the run's id. Without it
   * the run is kept in memory.
   *
   * @param runId Such as `2026-11-29T094500-default`.
   * @returns Path of the folder, which is made where it is absent.
   */
  readonly out?: string | ((runId: string) => string) | undefined;
  /** How to repeat the run, for results.json; a call of `runBenchmark` by default. */
  readonly command?: string | undefined;
}

/** Options of `resumeBenchmark`. */
export interface ResumeOptions extends SessionOptions {
  /** Folder of the run to finish. */
  readonly out: string;
  /** Lane cluster: the context and what else names the cluster, as it was given to the run; results don't hold it. */
  readonly clusterLane?: ClusterSettings | undefined;
}

/**
 * Measures what a specification asks for, within a session.
 *
 * @param spec What to measure. `{}` is the default profile of the model lane.
 * @param options The catalog, and where the run is kept.
 * @returns The run with its estimates, fits and findings.
 * @throws InvalidRunSpecError or another InputError for what can't be measured, ResultsFileError for a folder
 * that holds a run already.
 * @throws CheckFailedError where a plane decides wrongly, where the kernel refuses, and where the folder can't be written.
 * @throws InterruptedRunError once the signal aborts; it holds what was measured. The signal's own reason, while it is planned.
 */
export async function startRun(spec: RunSpecInput, options: WithCatalog<RunOptions>): Promise<Results> {
  const { catalog, lanes = LANES } = options;
  const asked = checkRunSpec(spec, lanes);
  const onProgress = options.onProgress ?? ignore;
  const ofClusters = lanesUsing(lanes, "cluster");
  if (options.cluster !== undefined && !ofClusters.includes(asked.lane)) {
    throw new InvalidRunSpecError(
      `cluster: only lane ${ofClusters.join(" and ")} measures an imported cluster: leave it out with lane ${asked.lane}`,
    );
  }
  const { spec: parsed, cluster } = withImported(asked, options.cluster);
  const lane = await loadLane(lanes, parsed.lane);
  const cpu = pinnableCpu();
  const plan = await lane.plan(parsed, {
    catalog,
    clusterServices: cluster === undefined ? null : servicesOf(cluster),
    onProgress,
    signal: options.signal,
  });
  // Nothing is measured or written yet.
  options.signal?.throwIfAborted();
  const results = assembleRun(plan, {
    seed: parsed.seed,
    command: options.command ?? callOf(spec),
    imported: cluster === undefined ? null : { notes: notesOf(familiesOf(cluster)[0]) },
    environment: readEnvironment(cpu),
    now: new Date(),
    catalog,
  });
  // A cluster that doesn't fit its ranges is refused here, before anything is written.
  if (cluster) for (const { services } of results.cells) growFamilies(cluster, services);
  const session = { ...options, cluster, spec: parsed, ownBuilds: plan.ownBuilds };
  if (options.out === undefined) return measure(results, lane, null, session);
  const folder = chooseFolder(results, options.out, lane);
  let begun = false;
  try {
    return await inFolder(lane, folder.path, session, () => {
      folder.refuseRun();
      begun = true;
      return results;
    });
  } catch (error) {
    if (begun && !(error instanceof InterruptedRunError)) folder.removeUnused(results);
    throw error;
  }
}

/**
 * Finishes an interrupted run.
 *
 * @param options The catalog, the run's folder, and its cluster where it measures an imported one.
 * @returns The run with its estimates, fits and findings.
 * @throws NotResumableError where the run in the folder can't be finished here; otherwise as `startRun`.
 */
export async function resumeRun(options: WithCatalog<ResumeOptions>): Promise<Results> {
  const { out, lanes = LANES } = options;
  const results = loadResumableRun(out, options.cluster !== undefined);
  const lane = await loadLane(lanes, results.cells[0]?.lane ?? DEFAULT_LANE);
  if (!lane.resumable) {
    throw new NotResumableError(
      `a run of lane ${lane.id} takes minutes and can't be resumed: start a new run`,
    );
  }
  const ofClusterLane = lanesUsing(lanes, "clusterLane");
  if (options.clusterLane !== undefined && !ofClusterLane.includes(lane.id)) {
    throw new NotResumableError(
      `the run in ${out} is of lane ${lane.id}: resume it without options of lane ${ofClusterLane.join(" and ")}`,
    );
  }
  const cluster = options.cluster && partOf(options.cluster, familyOfRun(results.run));
  return inFolder(lane, out, { ...options, cluster, spec: null }, () => {
    // Read again: another process may have gone on with it meanwhile.
    const run = loadResumableRun(out, cluster !== undefined);
    if (cluster) for (const { services } of run.cells) growFamilies(cluster, services);
    return run;
  });
}

const ignore = (): void => {};

/** Throws NotResumableError where a stored run is of a lane that there is not. */
async function loadLane(lanes: readonly LaneEntry[], id: string): Promise<Lane> {
  const entry = lanes.find((candidate) => candidate.id === id);
  if (entry) return entry.load();
  throw new NotResumableError(`this run is of lane "${id}", which this version lacks: start a new run`);
}

function notesOf({ source }: Cluster): readonly string[] {
  return (source.kind === "imported" && source.notes) || [];
}

type OpenedSession = WithCatalog<SessionOptions> & {
  readonly spec: RunSpec | null;
  readonly clusterLane?: ClusterSettings | undefined;
  readonly ownBuilds?: Plan["ownBuilds"] | undefined;
};

/** Measures what a run lacks, within its folder, which no other process measures into. */
async function inFolder(
  lane: Lane,
  out: string,
  options: OpenedSession,
  load: () => Results,
): Promise<Results> {
  ensureWritableFolder(out);
  const unlock = lockFolder(out);
  try {
    const results = load();
    removeTemporaryFiles(out);
    return await measure(results, lane, out, options);
  } finally {
    unlock();
  }
}

async function measure(
  results: Results,
  lane: Lane,
  out: string | null,
  options: OpenedSession,
): Promise<Results> {
  const { catalog, cluster, spec, ownBuilds, clusterLane } = options;
  const { onProgress = ignore, signal = new AbortController().signal } = options;
  const checkpoint = new Checkpoint(out, (text) => onProgress({ kind: "note", text }));
  onProgress({
    kind: "planned",
    runId: results.run.id,
    out,
    cells: results.cells.length,
    leastReplicates: results.run.replicates.least,
  });
  // From here on there is something to resume, whenever the process ends.
  checkpoint.save(results);
  if (lane.certifiesModels) {
    const planes = measuredEntries(results, catalog);
    onProgress({ kind: "certifying", planes: planes.map(({ descriptor }) => descriptor.id) });
    results.equivalence = await certify(
      planes,
      results.run.seed,
      planeOptionsFrom(results.run.settings.planes),
      familyOfRun(results.run),
    );
  }
  const folder = cluster && mkdtempSync(join(os.tmpdir(), "lbscale-"));
  const cpuTimes = readCpuTimes();
  try {
    const clusterFile = folder ? join(folder, "cluster.json") : null;
    if (cluster && clusterFile !== null) {
      writeFileSync(clusterFile, [...writeCluster(cluster)].join(""), { mode: 0o600 });
    }
    if (lane.generatesClusters) await recordClusterDigests(results, { catalog, clusterFile }, signal);
    checkpoint.save(results);
    // While it was prepared it may have been asked to end.
    if (!signal.aborted) {
      const clock = new RunClock(results.run);
      await lane.measure(results, {
        spec,
        catalog,
        clusterLane,
        clusterFile,
        ownBuilds,
        signal,
        onProgress,
        cpu: results.environment.pinnedCpu,
        onReplicate: () => {
          clock.spentMs();
          checkpoint.saveThrottled(results);
        },
        clock,
      });
      clock.spentMs();
    }
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
  summarize(results);
  results.findings = findFindings(results);
  closeEnvironment(results.environment, cpuTimes);
  if (signal.aborted) {
    checkpoint.save(results);
    throw new InterruptedRunError(results, out, lane.resumable);
  }
  results.run.complete = true;
  results.run.finishedAt = new Date().toISOString();
  checkpoint.save(results);
  return results;
}

/** One run in a cluster: makes what it needs, measures N after N, and takes everything away again. */

import type { z } from "zod";
import { formatCount } from "../text.js";
import { type Api, ApiError } from "./api.js";
import { type Changed, Changes } from "./changes/changes.js";
import { changeAll, merge, watchGrowth } from "./changes/series.js";
import { Watcher } from "./changes/watcher.js";
import { removeRun } from "./clean.js";
import { rehearseObjects } from "./inspect/admission.js";
import type { ClusterState } from "./inspect/preflight.js";
import { anyObject } from "./kinds.js";
import {
  namespaceManifest,
  programManifest,
  type RunSetting,
  type Target,
  taskManifest,
  taskText,
} from "./objects.js";
import {
  type ClusterJob,
  connects,
  doneOf,
  isCut,
  leastMs,
  type OutOfTime,
  settingOf,
  timingOf,
  watcherSeconds,
  watches,
} from "./plan.js";
import {
  PULL_SECONDS,
  probeManifest,
  probeName,
  pullManifest,
  pullName,
  targetsManifest,
  watcherManifest,
  watcherName,
} from "./pod-objects.js";
import { isReady, targetOf, waitForPods, waitForProbes, waitForPull } from "./pods.js";
import { type ProbeLog, settledLog } from "./probe-reports.js";
import { readProbe } from "./programs.js";
import { type ClusterProgress, OwnServices } from "./services.js";

/** What one probe measured, and where. */
export interface Probed {
  readonly node: string;
  readonly log: ProbeLog;
}

/** What was measured at one N. */
export interface MeasuredSize {
  readonly probed: readonly Probed[];
  /** Null: nobody asked for it. */
  readonly changed: Changed | null;
}

/** What a run reports and asks while it measures. */
export interface MeasureHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ClusterProgress) => void;
  readonly onNote: (text: string) => void;
  /** One N has been measured, as far as there was time for it. */
  readonly onMeasured: (services: number, measured: MeasuredSize) => void;
  /** Whether an earlier part of this run measured it. */
  readonly isMeasured: (services: number) => boolean;
  /** Time that the run has left; Infinity: it has no limit. */
  readonly leftMs: () => number;
}

/**
 * Measures everything that was asked for. Once its time is over nothing begins; a Service, a change or a round that has
 * begun is ended. Returns early once the signal is aborted; nothing stays behind in any case.
 *
 * @param programOf the probe for an architecture
 * @returns where the time was over; null: all was measured, or the signal aborted.
 */
export async function measureCluster(
  api: Api,
  job: ClusterJob,
  state: ClusterState,
  hooks: MeasureHooks,
  programOf = readProbe,
): Promise<OutOfTime | null> {
  const run = new ClusterRun(api, job, state, hooks, programOf);
  // What a pod waits for may take a plane minutes.
  hooks.signal.addEventListener("abort", () => run.close(), { once: true });
  try {
    return await run.measure();
  } catch (error) {
    if (!hooks.signal.aborted) throw error;
    return null;
  } finally {
    run.close();
    if (run.hasBegun && !job.options.keep) {
      hooks.onProgress(phase("removing what was made"));
      const cleaner = api.unaborted();
      await removeRun(cleaner, run.setting).finally(() => cleaner.close());
    }
  }
}

const phase = (what: string): ClusterProgress => ({ phase: what, what, leftSeconds: null });

class ClusterRun {
  readonly setting: RunSetting;
  readonly #api: Api;
  readonly #job: ClusterJob;
  readonly #state: ClusterState;
  readonly #hooks: MeasureHooks & { readonly isLate: () => boolean };
  readonly #programOf: typeof readProbe;
  #targets: Target[] = [];
  #watchers: readonly Watcher[] = [];
  #changes: Changes | null = null;
  /** Whether there may be anything to remove. */
  hasBegun = false;

  constructor(
    api: Api,
    job: ClusterJob,
    state: ClusterState,
    hooks: MeasureHooks,
    programOf: typeof readProbe,
  ) {
    this.#api = api;
    this.#job = job;
    this.#state = state;
    this.#hooks = { ...hooks, isLate: () => hooks.leftMs() <= 0 };
    this.#programOf = programOf;
    this.setting = settingOf(job, state);
  }

  /** See `measureCluster`. */
  async measure(): Promise<OutOfTime | null> {
    const { isMeasured, onMeasured, signal, isLate } = this.#hooks;
    const own = await this.#prepare();
    for (const services of this.#job.services) {
      if (signal.aborted) return null;
      if (isMeasured(services)) continue;
      const measured = isLate() ? null : await this.#measureAt(services, own);
      if (measured) onMeasured(services, measured);
      const done = doneOf(measured);
      if (isCut(done, this.#job)) return { services, done };
    }
    return null;
  }

  /** As much of one N as there is time for. */
  async #measureAt(services: number, own: OwnServices): Promise<MeasuredSize> {
    const { scenarios } = this.#job;
    const changes = this.#changes;
    const grown = changes && scenarios.includes("sync");
    const growth = grown ? await watchGrowth(changes, own, services, this.#hooks) : null;
    const isGrown = await own.growTo(services);
    // What is programmed late must not be taken for the time of a change.
    const probed = isGrown && connects(this.#job) ? await this.#probe(own.addresses) : [];
    const changing = changes && isGrown && scenarios.includes("programming") && !this.#hooks.isLate();
    const changed = changing ? await changeAll(changes, services, this.#hooks) : null;
    return { probed, changed: merge(growth, changed) };
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #path(api: string, kind: string): string {
    return `/${api}/namespaces/${this.setting.namespace}/${kind}`;
  }

  #create<T>(path: string, object: object, schema: z.ZodType<T>): Promise<T | null> {
    return this.#api.create(path, object, schema);
  }

  /** The namespace, the programs and the targets. */
  async #prepare(): Promise<OwnServices> {
    const { setting } = this;
    const starting = phase("starting target pods");
    this.#hooks.onProgress({ ...starting, what: `${starting.what} in namespace ${setting.namespace}` });
    this.hasBegun = true;
    if (setting.own) {
      await this.#create("/api/v1/namespaces", namespaceManifest(setting), anyObject).catch((error) => {
        // It is another run's, and not to be removed.
        this.hasBegun = !(error instanceof ApiError && error.status === 409);
        throw error;
      });
      const notes = await rehearseObjects(this.#api, this.#job, this.#state);
      notes.forEach(this.#hooks.onNote);
    }
    const architectures = [...this.#state.probes.keys()];
    for (const architecture of architectures) {
      const manifest = programManifest(setting, architecture, this.#programOf(architecture));
      await this.#create(this.#path("api/v1", "configmaps"), manifest, anyObject);
    }
    const targets = targetsManifest(setting, architectures[0] ?? "amd64");
    await this.#create(this.#path("apis/apps/v1", "deployments"), targets, anyObject);
    // After the Deployment, whose status says why pods are refused: a Job's has no such words.
    if (this.#state.pulls) await this.#pullImage();
    const ready = await waitForPods(this.#api, setting, "target", (pods) => {
      const answering = pods.filter(isReady);
      return answering.length >= setting.targets ? answering : null;
    });
    this.#targets = ready
      .map((pod) => targetOf(pod, setting.families))
      .sort((a, b) => ((a.addresses[0] ?? "") < (b.addresses[0] ?? "") ? -1 : 1));
    if (watches(this.#job)) await this.#startWatchers();
    return new OwnServices(this.#api, setting, this.#targets, this.#hooks);
  }

  /** Where a node does not list the image, a pod shows whether it gets it before anything else waits for that. */
  async #pullImage(): Promise<void> {
    const { setting } = this;
    for (const [architecture, nodes] of this.#state.probes) {
      const what = { architecture, nodes, deadlineSeconds: PULL_SECONDS };
      await this.#create(this.#path("apis/batch/v1", "jobs"), pullManifest(setting, what), anyObject);
      await waitForPull(this.#api, setting, { role: pullName(architecture), nodes });
    }
  }

  /** Pods that wait for changes, one on each node, and what makes the changes. */
  async #startWatchers(): Promise<void> {
    const { setting } = this;
    const watchers: Watcher[] = [];
    for (const [architecture, nodes] of this.#state.probes) {
      const what = { architecture, nodes, deadlineSeconds: watcherSeconds(this.#job) };
      await this.#create(this.#path("apis/batch/v1", "jobs"), watcherManifest(setting, what), anyObject);
      const ready = await waitForPods(this.#api, setting, watcherName(architecture), (pods) => {
        const running = pods.filter(isReady);
        return running.length >= nodes ? running : null;
      });
      for (const { metadata, spec } of ready) {
        const pod = { name: metadata.name, node: spec.nodeName ?? "" };
        watchers.push(new Watcher(this.#job.options, setting.namespace, pod));
      }
    }
    this.#watchers = watchers.sort((a, b) => (a.node < b.node ? -1 : 1));
    this.#changes = new Changes(this.#api, setting, this.#targets, this.#watchers);
  }

  /** Runs a probe on every node, and reads what they say: nothing where there is no time for a round. */
  async #probe(addresses: readonly (readonly string[])[]): Promise<Probed[]> {
    const { setting } = this;
    const services = addresses.length;
    const { deadlineSeconds, ...timing } = timingOf(this.#job);
    const leftMs = this.#hooks.leftMs();
    const spareMs = Math.floor(leftMs - leastMs(timing));
    if (spareMs < 0) return [];
    this.#hooks.onProgress(phase(`measuring at N = ${formatCount(services)}`));
    const text = taskText(
      {
        ...timing,
        rounds: this.#job.rounds,
        seed: this.#job.seed,
        settleMs: Math.min(timing.settleMs, spareMs),
        targets: this.#targets,
        services: addresses,
        ...(leftMs < Number.POSITIVE_INFINITY && { budgetMs: Math.floor(leftMs) }),
      },
      setting,
    );
    await this.#create(this.#path("api/v1", "configmaps"), taskManifest(setting, services, text), anyObject);
    const jobs = [...this.#state.probes].map(([architecture, nodes]) => ({
      services,
      architecture,
      nodes,
      deadlineSeconds,
    }));
    for (const what of jobs) {
      await this.#create(this.#path("apis/batch/v1", "jobs"), probeManifest(setting, what), anyObject);
    }
    const probed: Probed[] = [];
    for (const { architecture, nodes } of jobs) {
      const what = { role: probeName(services, architecture), nodes };
      const ended = await waitForProbes(this.#api, setting, what, {
        measuringMs: timing.roundMs * this.#job.rounds,
        patienceMs: deadlineSeconds * 1000,
      });
      for (const { metadata, spec } of ended) {
        const text = await this.#api.text(`${this.#path("api/v1", "pods")}/${metadata.name}/log`);
        const log = settledLog(text, spareMs < timing.settleMs);
        // One node is not programmed in time, so times of the others are not those of N Services.
        if (log === null) return [];
        probed.push({ node: spec.nodeName ?? "", log });
      }
    }
    return probed.sort((a, b) => (a.node < b.node ? -1 : 1));
  }
}

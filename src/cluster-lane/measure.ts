/** One run in a cluster: makes what it needs, measures N after N, and takes everything away again. */

import type { z } from "zod";
import { formatCount } from "../text.js";
import { type Api, ApiError } from "./api.js";
import { CHANGES, type Changed, Changes } from "./changes/changes.js";
import { nowNs, Watcher } from "./changes/watcher.js";
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
import { type ClusterJob, connects, SYNCS, settingOf, timingOf, watcherSeconds, watches } from "./plan.js";
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
import { isReady, targetOf, waitForPods, waitForPull } from "./pods.js";
import { type ProbeLog, parseProbeLog } from "./probe-reports.js";
import { readProbe } from "./programs.js";
import { OwnServices } from "./services.js";

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

/** What a run does now. */
export interface ClusterProgress {
  readonly phase: string;
  /** Whether the phase makes Services. */
  readonly isMaking?: boolean;
  /** The phase, and how far it is. */
  readonly what: string;
  /** Until this phase ends; null: not known. */
  readonly leftSeconds: number | null;
}

/** What a run tells while it goes on. */
export interface MeasureHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ClusterProgress) => void;
  /** All of one N has been measured. */
  readonly onMeasured: (services: number, measured: MeasuredSize) => void;
  /** Whether an earlier part of this run measured it. */
  readonly isMeasured: (services: number) => boolean;
  /** Whether a larger N may begin. */
  readonly mayBegin: () => boolean;
}

/** Measures everything that was asked for. Returns early once the signal is aborted; nothing stays behind in any case. */
export async function measureCluster(
  api: Api,
  job: ClusterJob,
  state: ClusterState,
  hooks: MeasureHooks,
): Promise<void> {
  const run = new ClusterRun(api, job, state, hooks);
  try {
    await run.measure();
  } catch (error) {
    if (!hooks.signal.aborted) throw error;
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

function merge(...parts: (Changed | null)[]): Changed | null {
  const there = parts.filter((part) => part !== null);
  if (there.length === 0) return null;
  return {
    times: there.flatMap(({ times }) => times),
    clockErrorNs: new Map(
      there.flatMap(({ clockErrorNs }) => [...clockErrorNs]).sort(([, a], [, b]) => a - b),
    ),
    lost: there.reduce((sum, { lost }) => sum + lost, 0),
    creation: there.map(({ creation }) => creation).find((creation) => creation !== null) ?? null,
  };
}

class ClusterRun {
  readonly setting: RunSetting;
  readonly #api: Api;
  readonly #job: ClusterJob;
  readonly #state: ClusterState;
  readonly #hooks: MeasureHooks;
  #targets: Target[] = [];
  #watchers: readonly Watcher[] = [];
  #changes: Changes | null = null;
  /** Whether there may be anything to remove. */
  hasBegun = false;

  constructor(api: Api, job: ClusterJob, state: ClusterState, hooks: MeasureHooks) {
    this.#api = api;
    this.#job = job;
    this.#state = state;
    this.#hooks = hooks;
    this.setting = settingOf(job, state);
  }

  async measure(): Promise<void> {
    const { services: sizes, scenarios } = this.#job;
    const own = await this.#prepare();
    for (const services of sizes) {
      if (this.#hooks.signal.aborted || !this.#hooks.mayBegin()) return;
      if (this.#hooks.isMeasured(services)) continue;
      const growth = scenarios.includes("sync") ? await this.#watchGrowth(own, services) : null;
      await own.growTo(services);
      // What is programmed late must not be taken for the time of a change.
      const probed = connects(this.#job) ? await this.#probe(own.addresses) : [];
      const changed = scenarios.includes("programming") ? await this.#changeAll(services) : null;
      this.#hooks.onMeasured(services, { probed, changed: merge(growth, changed) });
    }
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
    this.#hooks.onProgress(phase("starting target pods"));
    this.hasBegun = true;
    if (setting.own) {
      await this.#create("/api/v1/namespaces", namespaceManifest(setting), anyObject).catch((error) => {
        // It is another run's, and not to be removed.
        this.hasBegun = !(error instanceof ApiError && error.status === 409);
        throw error;
      });
      await rehearseObjects(this.#api, this.#job, this.#state);
    }
    const architectures = [...this.#state.probes.keys()];
    for (const architecture of architectures) {
      const manifest = programManifest(setting, architecture, readProbe(architecture));
      await this.#create(this.#path("api/v1", "configmaps"), manifest, anyObject);
    }
    if (this.#state.pulls) await this.#pullImage();
    const targets = targetsManifest(setting, architectures[0] ?? "amd64");
    await this.#create(this.#path("apis/apps/v1", "deployments"), targets, anyObject);
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

  async #changeAll(services: number): Promise<Changed | null> {
    const changes = this.#changes;
    if (changes === null) return null;
    return changes.around(async () => {
      const started = performance.now();
      for (let block = 0; block < CHANGES; block++) {
        const eachSeconds = (performance.now() - started) / 1000 / Math.max(1, block);
        this.#hooks.onProgress({
          phase: `changes at ${services}`,
          what: `change ${block + 1} of ${CHANGES} at N = ${formatCount(services)}`,
          leftSeconds: block === 0 ? null : eachSeconds * (CHANGES - block),
        });
        await changes.makeOne(block);
      }
    });
  }

  /** Makes Services up to a number several times, the last one at the end, and has it watched when that answers. */
  async #watchGrowth(own: OwnServices, count: number): Promise<Changed | null> {
    const changes = this.#changes;
    if (changes === null) return null;
    const first = own.addresses.length;
    const creationNs: number[] = [];
    const changed = await changes.around(async () => {
      for (let repeat = 0; repeat < SYNCS; repeat++) {
        if (repeat > 0) {
          await own.shrinkTo(first);
          await changes.quiet(count - first);
        }
        const beganNs = nowNs();
        await own.growTo(count - 1);
        await changes.makeLast(repeat, async (addresses) => {
          await own.make(count - 1, addresses);
          creationNs.push(nowNs() - beganNs);
        });
      }
    });
    return { ...changed, creation: { services: count - first, ns: creationNs } };
  }

  /** Runs a probe on every node, and reads what they say. */
  async #probe(addresses: readonly (readonly string[])[]): Promise<Probed[]> {
    const { setting } = this;
    const services = addresses.length;
    const { deadlineSeconds, ...timing } = timingOf(this.#job);
    this.#hooks.onProgress(phase(`measuring at N = ${formatCount(services)}`));
    const text = taskText(
      {
        ...timing,
        ...{ rounds: this.#job.rounds, seed: this.#job.seed },
        targets: this.#targets,
        services: addresses,
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
      const ended = await waitForPods(
        this.#api,
        setting,
        probeName(services, architecture),
        (pods) => {
          const done = pods.filter(({ status }) => status.phase === "Succeeded" || status.phase === "Failed");
          return done.length >= nodes ? done : null;
        },
        deadlineSeconds * 1000,
      );
      for (const { metadata, spec } of ended) {
        const log = await this.#api.text(`${this.#path("api/v1", "pods")}/${metadata.name}/log`);
        probed.push({ node: spec.nodeName ?? "", log: parseProbeLog(log) });
      }
    }
    return probed.sort((a, b) => (a.node < b.node ? -1 : 1));
  }
}

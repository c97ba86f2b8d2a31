/** One run in a cluster: makes what it needs, measures N after N, and takes everything away again. */

import type { z } from "zod";
import { formatCount } from "../text.js";
import { type Api, ApiError } from "./api.js";
import { removeRun } from "./clean.js";
import type { ClusterState } from "./inspect/preflight.js";
import { anyObject, clusterIpSchema } from "./kinds.js";
import {
  namespaceManifest,
  probeManifest,
  probeName,
  programManifest,
  type RunSetting,
  serviceManifest,
  sliceManifest,
  targetsManifest,
  taskManifest,
  taskText,
} from "./objects.js";
import { type ClusterJob, settingOf, timingOf } from "./plan.js";
import { isReady, waitForPods } from "./pods.js";
import { type ProbeLog, parseProbeLog } from "./probe-reports.js";
import { readProbe } from "./programs.js";

/** Requests under way at once: more make the API server no faster. */
const WORKERS = 8;

/** What one probe measured, and where. */
export interface Probed {
  readonly node: string;
  readonly log: ProbeLog;
}

/** What a run does now. */
export interface ClusterProgress {
  readonly phase: string;
  /** The phase, and how far it is. */
  readonly what: string;
  /** Until this phase ends; null: not known. */
  readonly leftSeconds: number | null;
}

/** What a run tells while it goes on. */
export interface MeasureHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ClusterProgress) => void;
  /** Every probe of one N has ended. */
  readonly onMeasured: (services: number, probed: readonly Probed[]) => void;
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
  readonly #hooks: MeasureHooks;
  /** Addresses of our Services, in their order. */
  readonly #services: string[] = [];
  #targets: string[] = [];
  /** Whether there may be anything to remove. */
  hasBegun = false;

  constructor(api: Api, job: ClusterJob, state: ClusterState, hooks: MeasureHooks) {
    this.#api = api;
    this.#job = job;
    this.#state = state;
    this.#hooks = hooks;
    this.setting = settingOf(job, state.image);
  }

  async measure(): Promise<void> {
    await this.#prepare();
    for (const services of this.#job.services) {
      if (this.#hooks.signal.aborted || !this.#hooks.mayBegin()) return;
      await this.#growTo(services);
      this.#hooks.onMeasured(services, await this.#probe(services));
    }
  }

  #path(api: string, kind: string): string {
    return `/${api}/namespaces/${this.setting.namespace}/${kind}`;
  }

  #create<T>(path: string, object: object, schema: z.ZodType<T>): Promise<T | null> {
    return this.#api.create(path, object, schema);
  }

  /** The namespace, the programs and the targets. */
  async #prepare(): Promise<void> {
    const { setting } = this;
    this.#hooks.onProgress(phase("starting target pods"));
    this.hasBegun = true;
    if (setting.own) {
      await this.#create("/api/v1/namespaces", namespaceManifest(setting), anyObject).catch((error) => {
        // It is another run's, and not to be removed.
        this.hasBegun = !(error instanceof ApiError && error.status === 409);
        throw error;
      });
    }
    const architectures = [...this.#state.probes.keys()];
    for (const architecture of architectures) {
      const manifest = programManifest(setting, architecture, readProbe(architecture));
      await this.#create(this.#path("api/v1", "configmaps"), manifest, anyObject);
    }
    const targets = targetsManifest(setting, architectures[0] ?? "amd64");
    await this.#create(this.#path("apis/apps/v1", "deployments"), targets, anyObject);
    const ready = await waitForPods(this.#api, setting, "target", (pods) => {
      const answering = pods.filter(isReady);
      return answering.length >= setting.targets ? answering : null;
    });
    this.#targets = ready.flatMap(({ status }) => status.podIP ?? []).sort();
  }

  /** Makes Services and their slices up to a number, each in one request a worker. */
  async #growTo(count: number): Promise<void> {
    const { setting } = this;
    const first = this.#services.length;
    let next = first;
    const started = performance.now();
    const work = async (): Promise<void> => {
      while (next < count && !this.#hooks.signal.aborted) {
        const index = next++;
        const manifest = serviceManifest(setting, index);
        const path = this.#path("api/v1", "services");
        const made =
          (await this.#create(path, manifest, clusterIpSchema)) ??
          (await this.#api.get(`${path}/${manifest.metadata.name}`, clusterIpSchema));
        const slice = sliceManifest(setting, index, this.#targets);
        await this.#create(this.#path("apis/discovery.k8s.io/v1", "endpointslices"), slice, anyObject);
        this.#services[index] = made.spec.clusterIP ?? "";
        const share = (index - first + 1) / (count - first);
        this.#hooks.onProgress({
          phase: `making ${count}`,
          what: `making Service ${formatCount(index + 1)} of ${formatCount(count)}`,
          leftSeconds: ((performance.now() - started) / 1000) * (1 / share - 1),
        });
      }
    };
    // All of them end before an error is passed on: none may make an object after the cleaning.
    const ends = await Promise.allSettled(Array.from({ length: WORKERS }, work));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    this.#hooks.signal.throwIfAborted();
  }

  /** Runs a probe on every node, and reads what they say. */
  async #probe(services: number): Promise<Probed[]> {
    const { setting } = this;
    const { deadlineSeconds, ...timing } = timingOf(this.#job);
    this.#hooks.onProgress(phase(`measuring at ${formatCount(services)} Services`));
    const text = taskText(
      {
        ...timing,
        ...{ rounds: this.#job.rounds, seed: this.#job.seed },
        targets: this.#targets,
        services: this.#services.slice(0, services),
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

/** One run in a cluster: makes what it needs, measures N after N, and takes everything away again. */

import type { z } from "zod";
import { formatCount, plainText } from "../text.js";
import { type Api, ApiError } from "./api.js";
import { removeRun } from "./clean.js";
import { ClusterFailedError } from "./errors.js";
import { anyObject, type ClusterPod, clusterIpSchema, listOf, podSchema } from "./kinds.js";
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
import type { ClusterState } from "./preflight.js";
import { type ProbeLog, parseProbeLog } from "./probe-reports.js";
import { readProbe } from "./programs.js";

/** Requests under way at once: more make the API server no faster. */
const WORKERS = 8;
const POLL_MS = 500;
const START_PATIENCE_MS = 180_000;

/** What one probe measured, and where. */
export interface Probed {
  readonly node: string;
  readonly log: ProbeLog;
}

/** What a run tells while it goes on. */
export interface MeasureHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (what: string) => void;
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
      hooks.onProgress("removing what was made");
      const cleaner = api.unaborted();
      await removeRun(cleaner, run.setting).finally(() => cleaner.close());
    }
  }
}

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
    this.#hooks.onProgress("starting target pods");
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
    const ready = await this.#waitForPods("target", (pods) => {
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
        const leftSeconds = ((performance.now() - started) / 1000) * (1 / share - 1);
        this.#hooks.onProgress(
          `making Service ${formatCount(index + 1)} of ${formatCount(count)}, ${Math.ceil(leftSeconds)} s left`,
        );
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
    this.#hooks.onProgress(`${formatCount(services)} services`);
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
      const ended = await this.#waitForPods(
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

  /** Polls the pods of a role until `choose` is content with them. */
  async #waitForPods(
    role: string,
    choose: (pods: readonly ClusterPod[]) => readonly ClusterPod[] | null,
    patienceMs = START_PATIENCE_MS,
  ): Promise<readonly ClusterPod[]> {
    const selector = encodeURIComponent(`lbscale/run=${this.setting.runId},lbscale/role=${role}`);
    const path = `${this.#path("api/v1", "pods")}?labelSelector=${selector}`;
    let pods: ClusterPod[] = [];
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += POLL_MS) {
      pods = (await this.#api.get(path, listOf(podSchema))).items;
      const chosen = choose(pods);
      if (chosen !== null) return chosen;
      // A pod that can't start yet may start later, but none starts within minutes that could not after one.
      if (waitedMs > START_PATIENCE_MS / 2 && pods.every(({ status }) => status.phase === "Pending")) break;
      await this.#api.pause(POLL_MS);
    }
    throw new ClusterFailedError(`the pods of ${role} do not start or end in time: ${whyNot(pods)}`);
  }
}

function isReady({ status }: ClusterPod): boolean {
  return (
    status.podIP !== undefined &&
    (status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True")
  );
}

/** What the cluster says about a pod that does not run. */
function whyNot(pods: readonly ClusterPod[]): string {
  for (const { status } of pods) {
    const waiting = status.containerStatuses
      ?.map(({ state }) => state.waiting)
      .find((state) => state !== undefined);
    const unscheduled = status.conditions?.find(
      ({ type, status }) => type === "PodScheduled" && status === "False",
    );
    const words = unscheduled?.message ?? [waiting?.reason, waiting?.message].filter(Boolean).join(": ");
    if (words !== "") return plainText(words, 200);
  }
  return pods.length === 0 ? "none was made; see kubectl get events" : "see kubectl get events";
}

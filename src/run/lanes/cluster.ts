/** The cluster lane: connections through whatever balances in a live Kubernetes cluster, compared with connections without it. */

import { withCluster } from "../../cluster-lane/connection.js";
import { ClusterFailedError } from "../../cluster-lane/errors.js";
import { type ClusterState, inspectCluster } from "../../cluster-lane/inspect/preflight.js";
import { type ClusterProgress, measureCluster } from "../../cluster-lane/measure.js";
import { CLUSTER_BOUNDS, type ClusterLaneOptions } from "../../cluster-lane/options.js";
import {
  type ClusterJob,
  makingSeconds,
  namespaceOf,
  secondsOf,
  targetsOf,
} from "../../cluster-lane/plan.js";
import { isBareBaseline, KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import { levelOf } from "../../measure/stopping.js";
import type { Results } from "../../results/schema.js";
import { DEFAULT_PROFILE, emptyCell, profileById, settingsOf } from "../plan.js";
import { InvalidRunSpecError, type RunSpec } from "../spec.js";
import { addProbed, CLUSTER_SCENARIOS, reportOfPlane } from "./cluster-reports.js";
import type { Lane, Plan, PlanContext, RunContext } from "./lane.js";

const PROFILE = "cluster";
const DEFAULT_SERVICES: readonly number[] = [1, 100, 1000];
/** An interval needs six. */
const ROUNDS = 10;
const ENDPOINTS = 4;
/** More target pods than this are no longer a benchmark's business. */
const MOST_ENDPOINTS = 50;

/** Connections that no plane decides about. */
const DIRECT = KERNEL_PLANE_IDS.find(isBareBaseline) ?? "";

export const clusterLane: Lane = {
  id: "cluster",
  resumable: false,
  certifiesModels: false,
  generatesClusters: false,
  plan: planCluster,
  measure: measureInCluster,
};

/**
 * What a specification asks of a cluster.
 *
 * @throws InvalidRunSpecError for what this lane can't measure.
 */
export function clusterJob(spec: RunSpec, runId: string): ClusterJob {
  const endpoints = spec.endpoints ?? ENDPOINTS;
  const rounds = spec.replicates ?? { least: ROUNDS, most: ROUNDS };
  if (endpoints < 1 || endpoints > MOST_ENDPOINTS) {
    throw new InvalidRunSpecError(`endpoints: lane cluster takes from 1 to ${MOST_ENDPOINTS}`);
  }
  const [least, most] = CLUSTER_BOUNDS.durationSeconds;
  if (spec.durationSeconds !== undefined && spec.durationSeconds > most) {
    throw new InvalidRunSpecError(`durationSeconds: lane cluster takes from ${least} to ${most}`);
  }
  if (rounds.least !== rounds.most) {
    throw new InvalidRunSpecError(
      `replicates: lane cluster measures a fixed number of rounds: give one number, such as ${ROUNDS}`,
    );
  }
  const services = [...new Set(spec.services ?? DEFAULT_SERVICES)].sort((a, b) => a - b);
  return {
    ...{ runId, services, endpoints, seed: spec.seed },
    options: {
      ...spec.clusterLane,
      ...{ budgetSeconds: spec.budgetSeconds, durationSeconds: spec.durationSeconds },
    },
    rounds: rounds.least,
  };
}

/** The parts of a specification that decide what is looked at in the cluster. */
export function inspect(job: ClusterJob, signal?: AbortSignal): Promise<ClusterState> {
  const { options, services } = job;
  const needs = {
    options,
    namespace: namespaceOf(job),
    own: options.namespace === undefined,
    services: services.at(-1) ?? 1,
    targets: targetsOf(job),
  };
  return withCluster(options, (api) => inspectCluster(api, needs), signal);
}

async function planCluster(spec: RunSpec, { catalog, onProgress }: PlanContext): Promise<Plan> {
  const job = clusterJob(spec, "plan");
  const wanted =
    spec.scenarios === undefined || spec.scenarios === "all" ? [...CLUSTER_SCENARIOS] : spec.scenarios;
  const unknown = wanted.find((id) => !CLUSTER_SCENARIOS.some((known) => known === id));
  if (unknown !== undefined) {
    throw new InvalidRunSpecError(
      `scenarios: lane cluster does not measure "${unknown}": choose from ${CLUSTER_SCENARIOS.join(", ")}`,
    );
  }
  const { plane } = await inspect(job);
  onProgress({ kind: "note", text: `what balances here: ${plane.id} (${plane.source})` });
  const settings = {
    ...settingsOf(spec, profileById(catalog, DEFAULT_PROFILE)),
    endpointsPerService: job.endpoints,
  };
  return {
    profile: PROFILE,
    entry: "clusterIp",
    replicates: { least: job.rounds, most: job.rounds },
    looks: [job.rounds],
    level: levelOf([job.rounds]),
    budgetSeconds: job.options.budgetSeconds ?? null,
    settings,
    cells: CLUSTER_SCENARIOS.filter((scenario) => wanted.includes(scenario)).flatMap((scenario) =>
      job.services.flatMap((services) =>
        [plane.id, DIRECT].map((id) =>
          emptyCell(
            { plane: id, lane: "cluster", scenario },
            { services, endpoints: null, variant: "" },
            job.endpoints,
          ),
        ),
      ),
    ),
    schedule: [],
  };
}

async function measureInCluster(results: Results, context: RunContext): Promise<void> {
  const { signal, onProgress, onReplicate, spec } = context;
  if (spec === null) throw new Error("lane cluster has nothing to resume");
  const job = clusterJob(spec, runIdOf(results));
  const { options } = job;
  const state = await inspect(job, signal);
  describeCluster(results, state, options);
  const started = performance.now();
  let done = 0;
  const show = ({ phase, what, leftSeconds }: ClusterProgress) => {
    // What follows this phase is known from other runs: making and removing Services, and measuring itself.
    const rest = secondsOf(job, done) - (phase.startsWith("making") ? makingSeconds(job, done) : 0);
    onProgress({
      kind: "measuring",
      done: Math.min(done, job.services.length - 1),
      ...{ total: job.services.length, what, phase },
      leftMs: 1000 * (rest + (leftSeconds ?? 0)),
    });
  };
  await withCluster(
    options,
    (api) =>
      measureCluster(api, job, state, {
        signal,
        onProgress: show,
        mayBegin: () => {
          const seconds = (performance.now() - started) / 1000;
          const isLate = options.budgetSeconds !== undefined && seconds > options.budgetSeconds;
          if (isLate) onProgress({ kind: "note", text: "the budget is spent: larger N are left out" });
          return !isLate;
        },
        onMeasured: (services, probed) => {
          done++;
          addProbed(results, services, probed, {
            plane: state.plane,
            otherServices: state.otherServices,
            seed: job.seed,
            bare: DIRECT,
            names: options.names ?? false,
          });
          onReplicate();
        },
      }),
    signal,
  );
  const { disagreements } = results.equivalence;
  if (disagreements > 0) {
    throw new ClusterFailedError(
      `${disagreements} connections reached an endpoint that is not of their Service: something else changes these Services, or the plane decides wrongly`,
    );
  }
}

/** Part of the namespace's name: no two runs share one. */
function runIdOf({ run }: Results): string {
  const suffix = Math.floor(Math.random() * 2 ** 16).toString(16);
  return `${run.id.toLowerCase().replace(`-${PROFILE}`, "")}-${suffix}`;
}

/** What the cluster is, without names. */
function describeCluster(results: Results, state: ClusterState, { names = false }: ClusterLaneOptions): void {
  const { plane, version, nodes, otherServices, probes } = state;
  results.planes = { ...results.planes };
  results.planes[plane.id] ??= { ...reportOfPlane(plane), claims: [] };
  const direct = results.planes[DIRECT];
  // These packets meet the plane's rules as well, and match none: a list is walked to its end.
  const words = { label: "endpoint directly", shortLabel: "endpoint", columnLabel: "endpoint directly" };
  if (direct) results.planes[DIRECT] = { ...direct, ...words };
  results.equivalence = { ...results.equivalence, planes: [plane.id] };
  results.equivalence.services = Math.max(...results.cells.map(({ services }) => services));
  results.cluster = {
    ...results.cluster,
    source: "live",
    parameters: {
      ...results.cluster.parameters,
      ...{ kubernetes: version, plane: { ...plane }, otherServices, probes: Object.fromEntries(probes) },
      nodes: nodes.map(({ metadata, status: { nodeInfo, capacity } }) => ({
        ...(names && { name: metadata.name }),
        architecture: nodeInfo.architecture,
        cpus: capacity?.cpu ?? "unknown",
        kernel: nodeInfo.kernelVersion,
        os: nodeInfo.osImage,
        kubelet: nodeInfo.kubeletVersion,
        runtime: nodeInfo.containerRuntimeVersion,
      })),
    },
  };
}

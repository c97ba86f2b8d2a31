/** What a specification, or the results of a run that is resumed, ask of a cluster. */

import { z } from "zod";
import type { Family, FamilyChoice } from "../../../cluster/family.js";
import { DURATION_SECONDS } from "../../../cluster-lane/bounds.js";
import { withCluster } from "../../../cluster-lane/connection.js";
import { ClusterUnfitError } from "../../../cluster-lane/errors.js";
import { type Rehearsal, rehearseRun } from "../../../cluster-lane/inspect/admission.js";
import { type ClusterState, inspectCluster, type Needs } from "../../../cluster-lane/inspect/preflight.js";
import { type ClusterSettings, storedOptionsSchema, storedSettings } from "../../../cluster-lane/options.js";
import {
  CLUSTER_SCENARIOS,
  type ClusterJob,
  type ClusterScenario,
  namespaceOf,
  servicesAtOnce,
  watches,
} from "../../../cluster-lane/plan.js";
import { isBareBaseline, KERNEL_PLANE_IDS } from "../../../kernel/plane.js";
import type { Results } from "../../../results/schema.js";
import { formatCount } from "../../../text.js";
import { InvalidRunSpecError, type RunSpec } from "../../spec.js";

const DEFAULT_SERVICES: readonly number[] = [1, 100, 1000];
/** An interval needs six. */
const ROUNDS = 10;
const ENDPOINTS = 4;
/** More target pods than this are no longer a benchmark's business. */
const MOST_ENDPOINTS = 50;

/** Of a probe at one N and protocol: nodes keep 10 MiB of a container's log, and one takes 14 bytes. */
const MOST_CONNECTIONS = 600_000;

/** Connections that no plane decides about. */
export const DIRECT = KERNEL_PLANE_IDS.find(isBareBaseline) ?? "";

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
  const [least, most] = DURATION_SECONDS;
  if (spec.durationSeconds !== undefined && spec.durationSeconds > most) {
    throw new InvalidRunSpecError(`durationSeconds: lane cluster takes from ${least} to ${most}`, [
      "durationSeconds",
    ]);
  }
  if (rounds.least !== rounds.most) {
    throw new InvalidRunSpecError(
      `replicates: lane cluster measures a fixed number of rounds: give one number, such as ${ROUNDS}`,
    );
  }
  const services = [...new Set(spec.services ?? DEFAULT_SERVICES)].sort((a, b) => a - b);
  const scenarios = scenariosOf(spec);
  const connections = (spec.clusterLane?.rate ?? 0) * (spec.durationSeconds ?? 0);
  if (connections > MOST_CONNECTIONS) {
    throw new InvalidRunSpecError(
      `rate: ${formatCount(connections)} connections are more than the log of a probe takes, which is ${formatCount(MOST_CONNECTIONS)}: give a lower rate, or a shorter durationSeconds`,
      ["rate", "durationSeconds"],
    );
  }
  return {
    runId,
    services,
    scenarios,
    endpoints,
    seed: spec.seed,
    family: spec.family ?? null,
    options: {
      ...spec.clusterLane,
      budgetSeconds: spec.budgetSeconds,
      durationSeconds: spec.durationSeconds,
    },
    rounds: rounds.least,
  };
}

/** A cluster that takes a run, as far as it can be known before there is anything. */
export interface Inspected extends ClusterState {
  /** What a person is to know of the rehearsal. */
  readonly notes: readonly string[];
}

interface InspectOptions extends Pick<Needs, "onRefusal"> {
  readonly rehearse?: Rehearsal;
  readonly signal?: AbortSignal;
}

/** Looks at the cluster of a job, and has it try the job's objects. */
export function inspect(
  job: ClusterJob,
  { rehearse = rehearseRun, signal, ...how }: InspectOptions = {},
): Promise<Inspected> {
  const { options, runId } = job;
  const needs = {
    options,
    namespace: namespaceOf(job),
    own: options.namespace === undefined,
    runId,
    watches: watches(job),
    services: servicesAtOnce(job),
    family: job.family,
    ...how,
  };
  return withCluster(
    options,
    async (api) => {
      const state = await inspectCluster(api, needs);
      return { ...state, notes: await rehearse(api, job, state) };
    },
    signal,
  );
}

/** The choice that these families are. */
export function choiceOfFamilies(families: readonly Family[]): FamilyChoice {
  return families.length > 1 ? "dual" : (families[0] ?? 4);
}

/** What is measured unless told otherwise: changes take a minute more at each N. */
const DEFAULT_SCENARIOS: readonly ClusterScenario[] = ["connect", "established"];

function scenariosOf({ scenarios }: RunSpec): readonly ClusterScenario[] {
  if (scenarios === undefined) return DEFAULT_SCENARIOS;
  if (scenarios === "all") return CLUSTER_SCENARIOS;
  return scenarios.map((id) => {
    const known = CLUSTER_SCENARIOS.find((each) => each === id);
    if (known !== undefined) return known;
    throw new InvalidRunSpecError(
      `scenarios: lane cluster does not measure "${id}": choose from ${CLUSTER_SCENARIOS.join(", ")}`,
    );
  });
}

/** The part of a job that results keep: nothing that names a cluster, its nodes or its namespaces. */
const storedJobSchema = z.object({
  // It names a namespace that is removed in the end: a file that was edited must not name another path of the API.
  runId: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/),
  services: z.array(z.int().min(1)),
  scenarios: z.array(z.enum(CLUSTER_SCENARIOS)),
  endpoints: z.int().min(1),
  rounds: z.int().min(1),
  seed: z.int(),
  /** IPv4 in runs of before 0.3, which knew no other. */
  family: z.union([z.literal(4), z.literal(6), z.literal("dual")]).default(4),
  options: storedOptionsSchema,
});

/** Where `storeJob` keeps it. */
const JOB = "job";

/** Keeps what resuming the run needs: the families that were chosen, too. */
export function storeJob(
  results: Results,
  job: ClusterJob,
  { families }: Pick<ClusterState, "families">,
): void {
  const { budgetSeconds, durationSeconds } = job.options;
  const options = { ...storedSettings(job.options), budgetSeconds, durationSeconds };
  // As JSON has it: what is undefined is not there.
  results.cluster.parameters[JOB] = JSON.parse(
    JSON.stringify({ ...job, family: choiceOfFamilies(families), options }),
  );
}

/**
 * The job of a run that is resumed.
 *
 * @param where The cluster, its namespace and nodes, given again: results don't name them.
 * @throws ClusterUnfitError where the run ended before it had looked at its cluster.
 */
export function resumedJob({ cluster }: Results, where: ClusterSettings = {}): ClusterJob {
  const stored = storedJobSchema.safeParse(cluster.parameters[JOB]);
  if (!stored.success) {
    throw new ClusterUnfitError("this run ended before it had begun in a cluster: start a new run");
  }
  const { options, ...job } = stored.data;
  return { ...job, options: { ...options, ...where } };
}

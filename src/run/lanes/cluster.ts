/** The cluster lane: connections through whatever balances in a live Kubernetes cluster, compared with connections without it. */

import { FAMILY_NAMES } from "../../cluster/family.js";
import { removeRun } from "../../cluster-lane/clean.js";
import { withCluster } from "../../cluster-lane/connection.js";
import { ClusterFailedError } from "../../cluster-lane/errors.js";
import { rehearseAfterRemoval } from "../../cluster-lane/inspect/admission.js";
import { measureCluster } from "../../cluster-lane/measure.js";
import {
  CLUSTER_SCENARIOS,
  type ClusterJob,
  makingSeconds,
  placeOf,
  protocolsOf,
  secondsOf,
} from "../../cluster-lane/plan.js";
import type { ClusterProgress } from "../../cluster-lane/services.js";
import { levelOf } from "../../measure/stopping.js";
import type { Cell, Results } from "../../results/schema.js";
import { selectCells } from "../../results/select.js";
import { DEFAULT_PROFILE, emptyCell, profileById, settingsOf } from "../plan.js";
import type { RunSpec } from "../spec.js";
import { markMissed } from "./cluster/budget.js";
import { addChanged } from "./cluster/changes.js";
import { describeCluster, requireSameCluster } from "./cluster/description.js";
import { choiceOfFamilies, clusterJob, DIRECT, inspect, resumedJob, storeJob } from "./cluster/job.js";
import { addProbed } from "./cluster/reports.js";
import {
  CHANGE_KINDS,
  CHANGE_PARTS,
  CONNECTION_PARTS,
  changeCell,
  connectionVariant,
  partsOf,
} from "./cluster/variants.js";
import type { Lane, Plan, PlanContext, RunContext } from "./lane.js";

const PROFILE = "cluster";

export const clusterLane: Lane = {
  id: "cluster",
  resumable: true,
  certifiesModels: false,
  generatesClusters: false,
  plan: planCluster,
  measure: measureInCluster,
};

/**
 * Empty cells: connections through the plane and without it, by protocol, and where there are several nodes or both families
 * also by these; and changes, which only a plane follows.
 */
function cellsOf(
  job: ClusterJob,
  plane: string,
  there: { readonly nodes: number; readonly families: number },
): Cell[] {
  const protocols = protocolsOf(job);
  const changes = protocols.flatMap((protocol) =>
    partsOf(CHANGE_PARTS, there).flatMap((part) =>
      CHANGE_KINDS.map((kind) => changeCell(kind, protocol, part)),
    ),
  );
  return CLUSTER_SCENARIOS.filter((scenario) => job.scenarios.includes(scenario)).flatMap((scenario) => {
    const ofChanges = changes.filter((cell) => cell.scenario === scenario);
    const kinds =
      ofChanges.length > 0
        ? ofChanges.map(({ variant }) => ({ plane, variant }))
        : protocols.flatMap((protocol) =>
            partsOf(CONNECTION_PARTS, there).flatMap((part) =>
              [plane, DIRECT].map((id) => ({ plane: id, variant: connectionVariant(protocol, part) })),
            ),
          );
    return job.services.flatMap((services) =>
      kinds.map(({ plane, variant }) =>
        emptyCell(
          { plane, lane: "cluster", scenario },
          { services, endpoints: null, variant },
          job.endpoints,
        ),
      ),
    );
  });
}

async function planCluster(spec: RunSpec, { catalog, onProgress }: PlanContext): Promise<Plan> {
  const job = clusterJob(spec, "plan");
  const { plane, nodes, families, offered } = await inspect(job);
  onProgress({ kind: "note", text: `data plane: ${plane.id} (${plane.source})` });
  if (job.family === null && offered.length > 1) {
    const name = FAMILY_NAMES[choiceOfFamilies(families)];
    onProgress({
      kind: "note",
      text: `Services here may have IPv4 and IPv6, and ${name} is measured: family chooses another`,
    });
  }
  const settings = {
    ...settingsOf({ ...spec, family: choiceOfFamilies(families) }, profileById(catalog, DEFAULT_PROFILE)),
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
    cells: cellsOf(job, plane.id, { nodes: nodes.length, families: families.length }),
    schedule: [],
  };
}

async function measureInCluster(results: Results, context: RunContext): Promise<void> {
  const { signal, onProgress, onReplicate, clock, spec, clusterLane } = context;
  const job = spec === null ? resumedJob(results, clusterLane) : clusterJob(spec, runIdOf(results));
  const { options } = job;
  if (spec === null) await withCluster(options, (api) => removeRun(api, placeOf(job)), signal);
  const onNote = (text: string) => onProgress({ kind: "note", text });
  const state = await inspect(job, { signal, ...(spec === null && { rehearse: rehearseAfterRemoval }) });
  if (spec === null) {
    // Of a new run they were known before it began.
    state.notes.forEach(onNote);
    requireSameCluster(results, state, options);
  }
  describeCluster(results, state, options);
  storeJob(results, job, state);
  clock.start();
  const isMeasured = (services: number) =>
    selectCells(results, { services }).some(({ replicates }) => replicates.length > 0);
  let done = job.services.filter(isMeasured).length;
  const show = ({ phase, isMaking = false, what, leftSeconds }: ClusterProgress) => {
    // What follows this phase is known from other runs: making and removing Services, and measuring itself.
    const rest = secondsOf(job, done) - (isMaking ? makingSeconds(job, done) : 0);
    onProgress({
      kind: "measuring",
      done: Math.min(done, job.services.length - 1),
      total: job.services.length,
      what,
      phase,
      leftMs: 1000 * (rest + (leftSeconds ?? 0)),
    });
  };
  await withCluster(
    options,
    async (api) => {
      const end = await measureCluster(api, job, state, {
        signal,
        onProgress: show,
        onNote,
        leftMs: () => clock.leftMs(),
        isMeasured,
        onMeasured: (services, { probed, changed }) => {
          done++;
          const names = options.names ?? false;
          const facts = { seed: job.seed, otherServices: state.otherServices, names };
          if (changed) addChanged(results, services, changed, facts);
          if (probed.length > 0)
            addProbed(results, services, probed, { ...facts, plane: state.plane, bare: DIRECT });
          onReplicate();
        },
      });
      if (end !== null && markMissed(results, job, end))
        onNote("the budget is spent: what was not reached is a gap");
      // What the run asked of the cluster, its cleaning included, for whoever runs that.
      results.cluster.parameters.traffic = { ...api.traffic };
    },
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

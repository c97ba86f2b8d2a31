/** The model lane: every replicate times a model in a process of its own. */

import { fileURLToPath } from "node:url";
import type { FamilyChoice } from "../../cluster/family.js";
import { NODE_PORT_COUNT } from "../../cluster/network.js";
import type { Profile } from "../../measure/catalog.js";
import { runSchedule } from "../../measure/run.js";
import type { Job, Size } from "../../measure/scenario.js";
import { makeSchedule } from "../../measure/schedule.js";
import { childPrefix } from "../../measure/spawn.js";
import { levelOf, looksBetween } from "../../measure/stopping.js";
import { unsupportedFamily } from "../../planes/families/support.js";
import { planeOptionsFrom } from "../../planes/options.js";
import type { PlaneId } from "../../planes/plane.js";
import { choosePlanes, findPlane, planeChoices } from "../../planes/registry-loader.js";
import { addOutcome } from "../../results/runs/outcomes.js";
import type { Cell, Results } from "../../results/schema.js";
import { maxOf } from "../../stats/extent.js";
import { formatCount } from "../../text.js";
import type { BenchmarkCatalog } from "../catalog.js";
import { clusterRequest } from "../cluster-digests.js";
import { descriptorOf, nftVersionsOf, releasesOf } from "../describe.js";
import { NotResumableError } from "../errors.js";
import { DEFAULT_PROFILE, emptyCell, profileById, settingsOf } from "../plan.js";
import { InvalidRunSpecError, type RunSpec } from "../spec.js";
import type { Lane, Plan, PlanContext, RunContext } from "./lane.js";

const WORKER_SCRIPT = fileURLToPath(new URL("../../measure/worker.js", import.meta.url));

export const modelLane: Lane = {
  id: "model",
  resumable: true,
  certifiesModels: true,
  generatesClusters: true,
  plan: async (spec, context) => planModels(spec, context),
  measure: measureModels,
};

function planModels(spec: RunSpec, { catalog, clusterServices, onProgress }: PlanContext): Plan {
  const profile = profileById(catalog, spec.profile ?? DEFAULT_PROFILE);
  const planes = spec.planes === undefined ? profile.planes : knownPlanes("planes", spec.planes, catalog);
  const family = spec.family ?? 4;
  const named = spec.planes?.map((plane) => unsupportedFamily(descriptorOf(catalog, plane), family)) ?? [];
  const refused = named.find((reason) => reason !== null);
  if (refused) throw new InvalidRunSpecError(`planes: ${refused}: leave it out with family ${family}`);
  if (spec.slowdown !== undefined) knownPlanes("slowdown", [spec.slowdown.plane], catalog);
  const asked = spec.services === undefined ? null : distinct(spec.services);
  const services = asked ?? (clusterServices !== null ? [clusterServices] : profile.services);
  const most = maxOf(services);
  if (profile.entry === "nodePort" && most > NODE_PORT_COUNT) {
    throw new InvalidRunSpecError(
      `profile ${profile.id} gives every Service a NodePort, and there are ${NODE_PORT_COUNT}: use at most that many Services`,
    );
  }
  const scenarios = scenariosOf(spec, profile, catalog).filter((id) => {
    const refusal = refusalOf(catalog, id, { family, generates: clusterServices === null });
    if (refusal === null) return true;
    if (spec.scenarios === "all") return false;
    throw new InvalidRunSpecError(refusal);
  });
  const options = planeOptionsFrom(spec.planeOptions ?? {});
  const settings = {
    ...settingsOf(spec, profile),
    kubeProxy: releasesOf(catalog, planes, options.kubeProxy),
    nft: nftVersionsOf(catalog, planes, options),
  };
  const replicates = spec.replicates ?? profile.replicates;
  const looks = looksBetween(replicates.least, replicates.most);
  const bothNamed = spec.planes !== undefined && asked !== null;
  const sizesOf = (plane: PlaneId): Size[] => {
    const own = asked === null && clusterServices === null ? profile.servicesOf[plane] : undefined;
    return (own ?? services).map((n) => ({ services: n, endpoints: null, variant: "" }));
  };
  const cells = catalog.scenarios
    .filter(({ id }) => scenarios.includes(id))
    .flatMap(({ id, sizes }) =>
      planes.flatMap((plane) =>
        (sizes?.(asked, descriptorOf(catalog, plane)) ?? sizesOf(plane))
          .filter((size) => bothNamed || size.services <= largest(profile, plane))
          // Nor does a scenario's own N go beyond the run's: the article's NodePorts end at 2768.
          .filter((size) => clusterServices !== null || size.services <= most)
          .map((size) =>
            emptyCell({ plane, lane: "model", scenario: id }, size, settings.endpointsPerService),
          ),
      ),
    );
  const gaps = cells.map(({ plane, scenario, variant }) =>
    unsupportedFamily(descriptorOf(catalog, plane), familyOfCell(catalog, scenario, variant) ?? family),
  );
  for (const [i, reason] of gaps.entries()) if (reason !== null) addOutcome(cells[i]!, "gap", reason);
  for (const reason of new Set(gaps))
    if (reason !== null) onProgress({ kind: "note", text: `left out: ${reason}` });
  if (cells.length === 0) {
    throw new InvalidRunSpecError(
      `nothing to measure: profile ${profile.id} measures ${planes.join(", ")} only for fewer Services; name both planes and Services to measure them anyway`,
    );
  }
  const several = new Set(cells.map(({ scenario }) => scenario)).size > 1;
  return {
    profile: profile.id,
    entry: profile.entry,
    replicates,
    looks,
    level: levelOf(looks),
    budgetSeconds: spec.budgetSeconds ?? (several ? profile.suiteSeconds : profile.budgetSeconds),
    settings,
    cells,
    schedule: makeSchedule(cells.length, replicates.most, spec.seed).map((block) =>
      block.filter((cell) => gaps[cell] === null),
    ),
  };
}

/** Why a scenario can't be measured, as a line that says what to do; null: it can. */
function refusalOf(
  { scenarios }: BenchmarkCatalog,
  id: string,
  { family, generates }: { family: FamilyChoice; generates: boolean },
): string | null {
  const scenario = scenarios.find((candidate) => candidate.id === id);
  if (scenario?.generatedOnly && !generates)
    return `scenario ${id} generates its clusters: leave out the cluster, or the scenario`;
  if (scenario?.oneFamily !== undefined && family === "dual")
    return `scenario ${id} measures one family: ${scenario.oneFamily}: give family 4 or 6, or leave the scenario out`;
  return null;
}

/** The families of a scenario's variant, where it chooses them itself. */
function familyOfCell(
  { scenarios }: BenchmarkCatalog,
  id: string,
  variant: string,
): FamilyChoice | undefined {
  return scenarios.find((scenario) => scenario.id === id)?.clusterOf?.(variant).family;
}

/** The most services of a plane whose tables are too expensive for more, unless they are asked for by name. */
function largest({ servicesOf }: Profile, plane: PlaneId): number {
  return maxOf(servicesOf[plane] ?? [Number.POSITIVE_INFINITY]);
}

function knownPlanes(field: string, asked: readonly string[], catalog: BenchmarkCatalog): PlaneId[] {
  const { known, unknown } = choosePlanes(asked, catalog.planes);
  if (unknown !== undefined) {
    throw new InvalidRunSpecError(
      `${field}: plane "${unknown}" is unknown: choose from ${planeChoices(catalog.planes)}`,
    );
  }
  return known;
}

function scenariosOf({ scenarios }: RunSpec, profile: Profile, catalog: BenchmarkCatalog): readonly string[] {
  if (scenarios === undefined) return profile.scenarios;
  const known = [...catalog.scenarios, ...catalog.derived].map(({ id }) => id);
  if (scenarios === "all") return known;
  const unknown = scenarios.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new InvalidRunSpecError(
      `scenarios: "${unknown}" is unknown: choose from ${known.join(", ")}, or all`,
    );
  }
  // What is computed from other scenarios needs these.
  return scenarios.flatMap((id) => catalog.derived.find((derived) => derived.id === id)?.from ?? [id]);
}

function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

async function measureModels(results: Results, context: RunContext): Promise<void> {
  const { cpu, signal, onProgress, onReplicate, clock } = context;
  clock.start();
  await runSchedule(results, {
    childScript: WORKER_SCRIPT,
    prefix: childPrefix(cpu),
    signal,
    jobOf: (cell) => jobOf(results, cell, context),
    onProgress: ({ done, total, leftMs, mostLeftMs, cell }) =>
      onProgress({
        kind: "measuring",
        done,
        total,
        leftMs,
        mostLeftMs,
        what: `${cell.plane}, ${formatCount(cell.services)} ${cell.services === 1 ? "Service" : "Services"}`,
      }),
    onReplicate,
  });
}

function jobOf(results: Results, cell: Cell, context: RunContext): Omit<Job, "seed"> {
  const { scenario, plane, variant } = cell;
  const { zipf, popular, misses, warmupMs, measureMs, singlesMs, slowdown, planes } = results.run.settings;
  if (!findPlane(plane, context.catalog.planes))
    throw new NotResumableError(`this run holds plane "${plane}", which this version lacks`);
  const { module } = context.catalog;
  return {
    scenario,
    plane,
    variant,
    ...(module !== undefined && { catalogModule: module }),
    ...clusterRequest(results, cell, context),
    options: planeOptionsFrom(planes),
    zipf,
    popular,
    misses,
    warmupMs,
    measureMs,
    singlesMs,
    slowdown: slowdown?.plane === plane ? slowdown.share : 0,
  };
}

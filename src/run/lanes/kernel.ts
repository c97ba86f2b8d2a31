/** The kernel's lanes: connections through the real kernel, this machine's or a guest's, next to models of the same. */

import type { KernelCatalog, KernelProfile, KernelScenario } from "../../kernel/catalog.js";
import { KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import { isRealProgram, lackOf, REAL_PROGRAM_FORMS } from "../../kernel/planes/real-programs.js";
import { findLeftovers } from "../../kernel/testbed/clean.js";
import { type LanePlacement, placePlanes } from "../../kernel/testbed/placement.js";
import { type KernelLane, requireLane } from "../../kernel/testbed/sandbox.js";
import { makeSchedule } from "../../measure/schedule.js";
import { levelOf } from "../../measure/stopping.js";
import { findPlane } from "../../planes/registry-loader.js";
import type { Cell } from "../../results/schema.js";
import { selectCells } from "../../results/select.js";
import { DEFAULT_PROFILE, emptyCell, profileById, settingsOf } from "../plan.js";
import { InvalidRunSpecError, type RunSpec } from "../spec.js";
import { coldStartCells } from "./kernel/cold-start.js";
import { kernelFamily, scenariosOfFamily } from "./kernel/family.js";
import { nftVersion } from "./kernel/nft.js";
import { pointsOf } from "./kernel/points.js";
import { choosePrograms, kernelSettings, markLacking, programCells } from "./kernel/programming.js";
import { measureKernel } from "./kernel/rounds.js";
import type { Lane, Plan, PlanContext } from "./lane.js";

export const kernelLane: Lane = createLane("kernel");
export const guestLane: Lane = createLane("guest");

function createLane(id: KernelLane): Lane {
  return {
    id,
    resumable: true,
    certifiesModels: false,
    generatesClusters: true,
    plan: (spec, context) => planKernel(id, spec, context),
    measure: measureKernel,
  };
}

/** Every plane at every N in its place; the scenarios of such a point are measured together. */
async function planKernel(lane: KernelLane, spec: RunSpec, context: PlanContext): Promise<Plan> {
  const { catalog, onProgress, signal } = context;
  const { kernel } = catalog;
  // Whatever can be refused by reading is, before anything is tried.
  const profile = kernelProfile(kernel, spec);
  const family = kernelFamily(spec);
  const scenarios = scenariosOfFamily(kernelScenarios(kernel, spec), family);
  roundsOf(spec, profile);
  requireLane(lane);
  const left = findLeftovers();
  if (left.length > 0) {
    const text = `killed runs left ${left.map(({ id }) => id).join(", ")}: lbscale doctor lists it, lbscale doctor --clean removes it`;
    onProgress({ kind: "note", text });
  }
  const own = spec.planes?.filter((plane) => !isRealProgram(plane)) ?? (family === "dual" ? [] : undefined);
  const programs = lane === "kernel" ? choosePrograms(spec, profile, onProgress) : [];
  const settings = {
    ...settingsOf(spec, profileById(catalog, DEFAULT_PROFILE)),
    connections: spec.connections ?? profile.connections,
    kernel: {
      ...kernelSettings(spec, profile),
      ...(spec.nft !== undefined && { nft: await nftVersion(spec.nft) }),
    },
  };
  if (programs.length > 0) requireEndpoints(settings.endpointsPerService);
  const sizes = spec.services ?? kernel.programSizes.filter((n) => n <= profile.mostServices);
  const measured = programCells(programs, scenarios, {
    services: [...new Set(sizes)].sort((a, b) => a - b),
    kernel,
    endpoints: settings.endpointsPerService,
  });
  markLacking(measured, programs, { isAlone: own?.length === 0, lackOf });
  const coldStarts =
    lane === "kernel" && scenarios.includes("cold-start")
      ? coldStartCells(spec, kernel, profile, settings.endpointsPerService)
      : [];
  const known = own === undefined ? choicesOf(lane, profile) : KERNEL_PLANE_IDS;
  const candidates = known.filter((plane) => own?.includes(plane) ?? true);
  const measuresAny = candidates.some((plane) => scenarios.some((id) => kernel.measures(id, plane)));
  // What is not a plane is refused by its name below.
  const isKnown = own?.every((plane) => known.some((id) => id === plane)) ?? true;
  if (isKnown && !measuresAny && measured.length + coldStarts.length === 0) {
    throw new InvalidRunSpecError(
      `scenarios: ${scenarios.join(", ")} can not be measured on these planes: name other planes, or for programming ${REAL_PROGRAM_FORMS}`,
    );
  }
  requireUse(spec, {
    limitsTime: programs.length + coldStarts.length > 0,
    connects: scenarios.some((id) => ROUND_SCENARIOS.includes(id)),
    runsNft:
      coldStarts.length > 0 ||
      [
        ...candidates,
        ...programs.flatMap((program) => (program.kind === "kube-proxy" ? [program.mode] : [])),
      ].some((plane) => findPlane(plane, catalog.planes)?.descriptor.can.loadedByNft === true),
  });
  // Takes seconds, where a guest is tried.
  const places =
    own?.length === 0
      ? []
      : await placePlanes({
          lane,
          planes: own,
          choices: known,
          includeBaselines: true,
          onNote: (text) => onProgress({ kind: "note", text }),
          ...(signal && { signal }),
        });
  const plan = planPlaces(places, spec, { kernel, profile, scenarios, settings });
  return {
    ...plan,
    cells: [...plan.cells, ...coldStarts, ...measured],
    ownBuilds: new Map(
      programs.filter(({ isOwnBuild }) => isOwnBuild).map((each) => [each.id, pathId(each)]),
    ),
  };
}

/** Options that nothing of a run would use are refused, as are those that the lane never uses. */
export function requireUse(
  { durationSeconds, connections, nft }: RunSpec,
  used: { readonly limitsTime: boolean; readonly connects: boolean; readonly runsNft: boolean },
): void {
  const refused = [
    durationSeconds !== undefined &&
      !used.limitsTime &&
      "duration: it limits each start of a real program and each cold start, and none is measured here",
    connections !== undefined && !used.connects && "connections: no round of connections is measured here",
    nft !== undefined && !used.runsNft && "nft: none of these planes is loaded by nft",
  ].find((reason) => reason !== false);
  if (refused !== undefined) throw new InvalidRunSpecError(`${refused}: leave it out`);
}

/** Endpoints join and leave, and stay in one EndpointSlice. */
function requireEndpoints(endpoints: number): void {
  if (endpoints >= 1 && endpoints < 100) return;
  throw new InvalidRunSpecError(
    `endpoints: kube-proxy and Cilium are measured with 1 to 99 endpoints per Service, not ${endpoints}: leave them out, or give as many`,
  );
}

/** The id by which a user's own build is found again. */
function pathId({ id, binary }: { id: string; binary: string }): string {
  return `${id.slice(0, id.indexOf("@"))}@${binary}`;
}

/** The guest has planes of its own, which no profile names. */
function choicesOf(lane: KernelLane, profile: KernelProfile) {
  return lane === "guest" ? KERNEL_PLANE_IDS : profile.planes;
}

function kernelProfile(
  { profiles }: KernelCatalog,
  { profile = DEFAULT_PROFILE, lane }: RunSpec,
): KernelProfile {
  const found = profiles.find(({ id }) => id === profile);
  if (found !== undefined) return found;
  throw new InvalidRunSpecError(
    `profile "${profile}" is unknown in lane ${lane}: choose from ${profiles.map(({ id }) => id).join(", ")}`,
  );
}

function kernelScenarios({ scenarios }: KernelCatalog, spec: RunSpec): readonly KernelScenario[] {
  const asked = spec.scenarios;
  if (asked === undefined || asked === "all") return scenarios;
  const unknown = asked.find((id) => !scenarios.some((known) => known === id));
  if (unknown !== undefined) {
    throw new InvalidRunSpecError(
      `scenario "${unknown}" is unknown in lane ${spec.lane}: choose from ${scenarios.join(", ")}, or all`,
    );
  }
  // What a first sync takes of memory belongs to it.
  return scenarios.filter((id) => asked.includes(id) || (id === "proxy-memory" && asked.includes("sync")));
}

/** Rounds of each cell. */
function roundsOf({ replicates, lane }: RunSpec, { rounds }: KernelProfile): number {
  if (replicates === undefined) return rounds;
  if (replicates.least !== replicates.most) {
    throw new InvalidRunSpecError(
      `replicates: lane ${lane} measures a fixed number of rounds: give one number, such as ${rounds}`,
    );
  }
  return replicates.least;
}

/** What is measured of placed planes. */
interface CellSelection {
  readonly kernel: KernelCatalog;
  readonly profile: KernelProfile;
  readonly scenarios: readonly KernelScenario[];
  readonly settings: Plan["settings"];
}

/** Scenarios that come from rounds of connections. */
const ROUND_SCENARIOS: readonly KernelScenario[] = ["connect", "established", "lookup"];

/**
 * Cells and their order for planes that were placed.
 *
 * @throws InvalidRunSpecError where replicates are given as a range: the kernel's lanes have no sequential stopping.
 */
function planPlaces(
  places: readonly LanePlacement[],
  spec: RunSpec,
  { kernel, profile, scenarios, settings }: CellSelection,
): Plan {
  const rounds = roundsOf(spec, profile);
  const asked = spec.services === undefined ? null : [...new Set(spec.services)].sort((a, b) => a - b);
  const stations = places.flatMap(({ lane, planes }) =>
    planes.flatMap((plane) =>
      (asked ?? kernel.sizes(lane, plane).filter((n) => n <= profile.mostServices)).map((services) => ({
        lane,
        plane,
        services,
      })),
    ),
  );
  const cellOf = (lane: Cell["lane"], scenario: string, plane: string, services: number, variant = "") =>
    emptyCell(
      { plane, lane, scenario },
      { services, endpoints: null, variant },
      settings.endpointsPerService,
    );
  const cells = scenarios.flatMap((scenario) =>
    stations
      .filter(({ plane }) => kernel.measures(scenario, plane))
      .flatMap(({ lane, plane, services }) =>
        (scenario === "update" ? kernel.updateVariants(lane, plane, services, asked !== null) : [""]).map(
          (variant) => cellOf(lane, scenario, plane, services, variant),
        ),
      ),
  );
  const hasRounds = scenarios.some((id) => ROUND_SCENARIOS.includes(id));
  const models = stations
    .filter(({ lane, plane, services }) => hasRounds && kernel.isCompared(lane, plane, services))
    .map(({ plane, services }) => cellOf("model", "lookup", plane, services));
  const points = pointsOf(cells);
  return {
    profile: profile.id,
    entry: "clusterIp",
    replicates: { least: rounds, most: rounds },
    looks: [rounds],
    level: levelOf([rounds]),
    budgetSeconds: settings.kernel?.runSeconds ?? null,
    settings,
    cells: [...cells, ...models],
    schedule: hasRounds
      ? joinSchedules(
          (["kernel", "guest"] as const).map((lane) => selectCells(points, { lane }).length),
          rounds,
          spec.seed,
        )
      : [],
  };
}

/** Blocks of all kernels: each has an order of its own, because one kernel is done after the other. */
function joinSchedules(counts: readonly number[], rounds: number, seed: number): number[][] {
  const blocks: number[][] = Array.from({ length: rounds }, () => []);
  let first = 0;
  for (const [place, count] of counts.filter((count) => count > 0).entries()) {
    for (const [block, order] of makeSchedule(count, rounds, seed + place).entries()) {
      blocks[block]?.push(...order.map((cell) => first + cell));
    }
    first += count;
  }
  return blocks;
}

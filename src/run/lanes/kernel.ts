/** The kernel's lanes: connections through the real kernel, this machine's or a guest's, next to models of the same. */

import type { KernelCatalog } from "../../kernel/catalog.js";
import { isBareBaseline, isKernelPlaneId, KERNEL_PLANE_IDS, type KernelPlaneId } from "../../kernel/plane.js";
import { type ConnectTask, connectReportSchema } from "../../kernel/tasks.js";
import { type LanePlacement, placePlanes } from "../../kernel/testbed/placement.js";
import { type KernelLane, runInSandbox } from "../../kernel/testbed/sandbox.js";
import { measureTimer } from "../../measure/replicate/clock.js";
import { makeSchedule } from "../../measure/schedule.js";
import { levelOf } from "../../measure/stopping.js";
import type { Cell, Results } from "../../results/schema.js";
import { maxOf } from "../../stats/extent.js";
import { DEFAULT_PROFILE, emptyCell, profileById, settingsOf } from "../plan.js";
import { InvalidRunSpecError, type RunSpec } from "../spec.js";
import { type KernelCells, kernelReports } from "./kernel-reports.js";
import type { Lane, Plan, PlanContext, RunContext } from "./lane.js";

/** Rounds of one cell, one per block; an interval needs six. */
const ROUNDS = 10;
/** New connections per round: the table of closed ones is emptied before each. */
const CONNECTIONS = 1000;

/** Profile in results.json: what is measured is decided by the catalog, not by a profile. */
const PROFILE = "kernel";

export const kernelLane: Lane = createLane("kernel");
export const guestLane: Lane = createLane("guest");

function createLane(id: KernelLane): Lane {
  return {
    id,
    resumable: false,
    certifiesModels: false,
    generatesClusters: true,
    plan: (spec, context) => planKernel(id, spec, context),
    measure: measureKernel,
  };
}

/** Every plane at every N in its place; the scenarios of such a point are measured together. */
async function planKernel(lane: KernelLane, spec: RunSpec, context: PlanContext): Promise<Plan> {
  const { catalog, onProgress } = context;
  const places = await placePlanes({
    lane,
    planes: spec.planes,
    choices: KERNEL_PLANE_IDS,
    includeBaselines: true,
    onNote: (text) => onProgress({ kind: "note", text }),
  });
  return planPlaces(places, spec, context.catalog.kernel, settings(spec, catalog));
}

function settings(spec: RunSpec, catalog: PlanContext["catalog"]): Plan["settings"] {
  return {
    ...settingsOf(spec, profileById(catalog, DEFAULT_PROFILE)),
    connections: spec.connections ?? CONNECTIONS,
  };
}

/**
 * Cells and their order for planes that were placed.
 *
 * @throws InvalidRunSpecError where replicates are given as a range: the kernel's lanes have no sequential stopping.
 */
export function planPlaces(
  places: readonly LanePlacement[],
  spec: RunSpec,
  kernel: KernelCatalog,
  settings: Plan["settings"],
): Plan {
  const replicates = spec.replicates ?? { least: ROUNDS, most: ROUNDS };
  if (replicates.least !== replicates.most) {
    throw new InvalidRunSpecError(
      `replicates: lane ${spec.lane} measures a fixed number of rounds: give one number, such as ${ROUNDS}`,
    );
  }
  const rounds = replicates.least;
  const asked = spec.services === undefined ? null : [...new Set(spec.services)].sort((a, b) => a - b);
  const pointsOf = ({ lane, planes }: LanePlacement) =>
    planes.flatMap((plane) =>
      (asked ?? kernel.sizes(lane, plane)).map((services) => ({ lane, plane, services })),
    );
  const points = places.flatMap(pointsOf);
  const cellOf = (lane: Cell["lane"], scenario: string, plane: string, services: number, variant = "") =>
    emptyCell(
      { plane, lane, scenario },
      { services, endpoints: null, variant },
      settings.endpointsPerService,
    );
  const measured = kernel.scenarios.flatMap((scenario) =>
    points
      .filter(({ plane }) => kernel.isMeasured(scenario, plane))
      .flatMap(({ lane, plane, services }) =>
        (scenario === "update" ? kernel.updateVariants(lane, plane, services, asked !== null) : [""]).map(
          (variant) => cellOf(lane, scenario, plane, services, variant),
        ),
      ),
  );
  const models = points
    .filter(({ lane, plane, services }) => kernel.isCompared(lane, plane, services))
    .map(({ plane, services }) => cellOf("model", "lookup", plane, services));
  return {
    profile: PROFILE,
    entry: "clusterIp",
    replicates,
    looks: [rounds],
    level: levelOf([rounds]),
    budgetSeconds: null,
    settings,
    cells: [...measured, ...models],
    schedule: joinSchedules(
      places.map((place) => pointsOf(place).length),
      rounds,
      spec.seed,
    ),
  };
}

/** Blocks of all places: each has an order of its own, because one kernel is done after the other. */
function joinSchedules(counts: readonly number[], rounds: number, seed: number): number[][] {
  const blocks: number[][] = Array.from({ length: rounds }, () => []);
  let first = 0;
  for (const [place, count] of counts.entries()) {
    for (const [block, order] of makeSchedule(count, rounds, seed + place).entries()) {
      blocks[block]?.push(...order.map((cell) => first + cell));
    }
    first += count;
  }
  return blocks;
}

/** Measures one kernel after the other. */
async function measureKernel(results: Results, context: RunContext): Promise<void> {
  const connect = results.cells.filter(({ scenario }) => scenario === "connect");
  for (const lane of ["kernel", "guest"] as const) {
    if (context.signal.aborted) break;
    if (connect.some((cell) => cell.lane === lane)) await measureIn(lane, results, context);
  }
  results.equivalence = {
    ...results.equivalence,
    services: maxOf(connect.map(({ services }) => services)),
    planes: [...new Set(connect.map(({ plane }) => plane))],
  };
}

async function measureIn(lane: KernelLane, results: Results, context: RunContext): Promise<void> {
  const { catalog, signal, onProgress, onReplicate } = context;
  const points = results.cells.filter(({ scenario }) => scenario === "connect");
  const inLane = results.cells.filter((cell) => cell.lane === lane);
  const cells: KernelCells = {
    connect: points.filter((cell) => cell.lane === lane),
    models: lane === "kernel" ? results.cells.filter((cell) => cell.lane === "model") : [],
    updates: inLane.filter(({ scenario }) => scenario === "update"),
  };
  const first = points.findIndex((cell) => cell.lane === lane);
  const task = taskOf(results, cells, first, catalog.kernel);
  const ingest = kernelReports(results, cells, {
    timerFloorNs: measureTimer().floorNs,
    isBare: isBareBaseline,
  });
  const total =
    cells.connect.length * results.run.schedule.length + cells.updates.length * catalog.kernel.updates;
  const countdown = new Countdown(total);
  await runInSandbox(lane, task, {
    signal,
    onReport: (line) => {
      const { cell, stage } = ingest(connectReportSchema.parse(line));
      if (stage === null) return;
      const where = describe(cell);
      if (stage === "loading") {
        onProgress({ kind: "measuring", done: 0, total, leftMs: null, what: `loading ${where}` });
        return;
      }
      const progress = countdown.next();
      const what = stage === "changing" ? `changes, ${where}` : where;
      onProgress({ kind: "measuring", ...progress, what });
      onReplicate();
    },
  });
}

/** What the sandbox is asked to do. `first`: index among all connect cells of this lane's first. */
function taskOf(
  { run, environment }: Results,
  { connect, models, updates }: KernelCells,
  first: number,
  kernel: KernelCatalog,
): ConnectTask {
  return {
    task: "connect",
    cells: connect.map(({ plane, services }) => ({ plane: kernelPlane(plane), services })),
    schedule: run.schedule.map((block) =>
      block.map((cell) => cell - first).filter((cell) => cell >= 0 && cell < connect.length),
    ),
    models: models.map(({ plane, services }) => ({ plane, services })),
    updates: updates.map(({ plane, services, variant }) => ({
      cell: connect.findIndex((cell) => cell.plane === plane && cell.services === services),
      mode: variant === kernel.fullSync ? "full" : "partial",
    })),
    updateSchedule: makeSchedule(updates.length, kernel.updates, run.seed),
    connections: run.settings.connections ?? CONNECTIONS,
    endpointsPerService: run.settings.endpointsPerService,
    seed: run.seed,
    cpu: environment.pinnedCpu,
  };
}

function kernelPlane(plane: string): KernelPlaneId {
  if (!isKernelPlaneId(plane)) throw new RangeError(`no plane ${plane} in the kernel lane`);
  return plane;
}

function describe({ lane, plane, services }: Cell): string {
  return `${plane}${lane === "guest" ? " in the guest" : ""}, ${services} services`;
}

/** Time left, from the pace after the first round: before that, everything is loaded. */
class Countdown {
  readonly #total: number;
  readonly #started = performance.now();
  #firstMs = 0;
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** One more is done. */
  next(): { done: number; total: number; leftMs: number | null } {
    const elapsedMs = performance.now() - this.#started;
    if (this.#done === 0) this.#firstMs = elapsedMs;
    this.#done++;
    const leftMs = ((elapsedMs - this.#firstMs) / this.#done) * (this.#total - this.#done);
    return { done: this.#done, total: this.#total, leftMs: this.#done > 1 ? leftMs : null };
  }
}

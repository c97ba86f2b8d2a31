/** `lbscale run --lane kernel`: from arguments to a result whose cells were measured in the real kernel. */

import {
  FULL_SYNC,
  isCompared,
  isMeasured,
  KERNEL_SCENARIOS,
  kernelSizes,
  UPDATES,
  updateVariants,
} from "../../../bench/kernel.js";
import { CATALOG } from "../../catalog.js";
import { parseInteger, parseServices } from "../../cli/options/parse.js";
import { UsageError } from "../../errors.js";
import type { KernelPlaneId } from "../../kernel/plane.js";
import { type KernelLane, runInSandbox } from "../../kernel/sandbox.js";
import { type ConnectReport, type ConnectTask, connectReportSchema, type Round } from "../../kernel/tasks.js";
import { measureTimer } from "../../measure/clock.js";
import { addReplicate } from "../../measure/run.js";
import { makeSchedule } from "../../measure/schedule.js";
import { levelOf } from "../../measure/stopping.js";
import type { PlaneId } from "../../planes/plane.js";
import type { Cell, Environment, Results } from "../../results/schema.js";
import { median } from "../../stats/quantile.js";
import { describeRun } from "../describe.js";
import { emptyCell, planRun, type RunArguments } from "../plan.js";
import { addMemory, addUpdate, emptyReplicate } from "./kernel-costs.js";
import type { LanePlacement } from "./kernel-placement.js";

/** Round of one cell in a block; an interval needs six. */
const ROUNDS = 10;
/** New connections of a round: the table of closed ones is emptied before each. */
const CONNECTIONS = 1000;
const MAX_CONNECTIONS = 20_000;
/** Kept of each round, in the order they were made. */
const MAX_SAMPLES = 200;

export interface KernelRunArguments extends RunArguments {
  lane: KernelLane;
  connections: string | undefined;
}

/** A result without measurements: every plane at every N in its place, scenarios of it measured together. */
export function planKernelRun(
  args: KernelRunArguments,
  places: readonly LanePlacement[],
  environment: Environment,
  now: Date,
): Results {
  refuse(args);
  const asked = args.services === undefined ? null : parseServices(args.services);
  const rounds =
    args.replicates === undefined ? ROUNDS : parseInteger(args.replicates, "replicates", 1, 1000);
  const base = planRun(
    { ...args, profile: "default", planes: undefined, services: undefined, replicates: undefined },
    environment,
    now,
    null,
  );
  const pointsOf = ({ lane, planes }: LanePlacement) =>
    planes.flatMap((plane) =>
      (asked ?? kernelSizes(lane, plane)).map((services) => ({ lane, plane, services })),
    );
  const points = places.flatMap(pointsOf);
  const cellOf = (lane: Cell["lane"], scenario: string, plane: string, services: number, variant = "") =>
    emptyCell(
      { plane, lane, scenario },
      { services, endpoints: null, variant },
      base.run.settings.endpointsPerService,
    );
  const inKernel = KERNEL_SCENARIOS.flatMap((scenario) =>
    points
      .filter(({ plane }) => isMeasured(scenario, plane))
      .flatMap(({ lane, plane, services }) =>
        (scenario === "update" ? updateVariants(lane, plane, services, asked !== null) : [""]).map(
          (variant) => cellOf(lane, scenario, plane, services, variant),
        ),
      ),
  );
  const models = points
    .filter(({ lane, plane, services }) => isCompared(lane, plane, services))
    .map(({ plane, services }) => cellOf("model", "lookup", plane, services));
  const cells = [...inKernel, ...models];
  return {
    ...base,
    run: {
      ...base.run,
      id: base.run.id.replace(/default$/, "kernel"),
      profile: "kernel",
      command: commandOf(args),
      replicates: { least: rounds, most: rounds },
      looks: [rounds],
      level: levelOf([rounds]),
      budgetSeconds: null,
      schedule: joinSchedules(
        places.map((place) => pointsOf(place).length),
        rounds,
        base.run.seed,
      ),
    },
    ...describeRun(cells, CATALOG),
    cells,
  };
}

/** Blocks of all places: each has an order of its own, because one is done after the other. */
function joinSchedules(counts: readonly number[], rounds: number, seed: number): number[][] {
  const blocks: number[][] = Array.from({ length: rounds }, () => []);
  let first = 0;
  for (const [place, count] of counts.entries()) {
    for (const [block, order] of makeSchedule(count, rounds, seed + place).entries()) {
      blocks[block]!.push(...order.map((cell) => first + cell));
    }
    first += count;
  }
  return blocks;
}

/** What only the model lane can do. */
function refuse(args: KernelRunArguments): void {
  const options = ["scenarios", "cluster", "warmup-ms", "measure-ms", "zipf", "misses", "slow-down"] as const;
  for (const option of options) {
    if (args[option] !== undefined)
      throw new UsageError(`--${option} is for the model lane: leave it out with --lane ${args.lane}`);
  }
}

function commandOf(args: KernelRunArguments): string {
  const words = ["lbscale", "run", "--lane", args.lane, "--seed", args.seed];
  for (const option of ["planes", "services", "replicates", "connections", "endpoints"] as const) {
    if (args[option] !== undefined) words.push(`--${option}`, args[option]);
  }
  return words.join(" ");
}

export interface KernelRunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number, leftMs: number | null, what: string) => void;
  readonly onRound: () => void;
}

/** Measures all of a planned result, one place after the other, adding replicates as rounds come in. */
export async function measureInKernel(
  results: Results,
  args: KernelRunArguments,
  places: readonly LanePlacement[],
  options: KernelRunOptions,
): Promise<void> {
  const connections =
    args.connections === undefined
      ? CONNECTIONS
      : parseInteger(args.connections, "connections", 10, MAX_CONNECTIONS);
  for (const { lane } of places) {
    if (!options.signal.aborted) await measureIn(lane, results, connections, options);
  }
  const connect = results.cells.filter(({ scenario }) => scenario === "connect");
  results.equivalence = {
    ...results.equivalence,
    services: Math.max(...connect.map(({ services }) => services)),
    planes: [...new Set(connect.map(({ plane }) => plane))],
  };
}

async function measureIn(
  lane: KernelLane,
  results: Results,
  connections: number,
  { signal, onProgress, onRound }: KernelRunOptions,
): Promise<void> {
  const points = results.cells.filter(({ scenario }) => scenario === "connect");
  const connect = points.filter((cell) => cell.lane === lane);
  const first = points.indexOf(connect[0]!);
  const models = lane === "kernel" ? results.cells.filter((cell) => cell.lane === "model") : [];
  const timerFloorNs = measureTimer().floorNs;
  const updates = results.cells.filter((cell) => cell.lane === lane && cell.scenario === "update");
  const total = connect.length * results.run.schedule.length + updates.length * UPDATES;
  const started = performance.now();
  let done = 0;
  let firstRoundMs = 0;
  const task: ConnectTask = {
    task: "connect",
    cells: connect.map(({ plane, services }) => ({ plane: plane as KernelPlaneId, services })),
    schedule: results.run.schedule.map((block) =>
      block.map((cell) => cell - first).filter((cell) => cell >= 0 && cell < connect.length),
    ),
    models: models.map(({ plane, services }) => ({ plane: plane as PlaneId, services })),
    updates: updates.map(({ plane, services, variant }) => ({
      cell: connect.findIndex((cell) => cell.plane === plane && cell.services === services),
      mode: variant === FULL_SYNC ? "full" : "partial",
    })),
    updateSchedule: makeSchedule(updates.length, UPDATES, results.run.seed),
    connections,
    endpointsPerService: results.run.settings.endpointsPerService,
    seed: results.run.seed,
    cpu: results.environment.pinnedCpu,
  };
  await runInSandbox(lane, task, {
    signal,
    onReport: (line) => {
      const report = connectReportSchema.parse(line);
      if (report.kind === "model") {
        const { block, seed, ran } = report;
        const order = block * results.cells.length + connect.length + report.cell;
        const model = models[report.cell]!;
        model.programBytes = ran.measured.programBytes;
        model.facts = { ...ran.measured.facts };
        if ("counts" in ran.measured) return;
        addReplicate(results, model, ran.measured, ran.wallMs, { block, order, seed });
        return;
      }
      if (report.kind === "update" || report.kind === "update failed") {
        const cell = updates[report.update]!;
        done++;
        if (report.kind === "update failed") cell.warnings.push(`a replicate failed: ${report.reason}`);
        else addUpdate(cell, report, results.cells.length, updates.length, timerFloorNs);
        const leftMs = ((performance.now() - started - firstRoundMs) / done) * (total - done);
        onProgress(done, total, leftMs, `changes, ${describe(cell)}`);
        onRound();
        return;
      }
      const cell = connect[report.cell]!;
      const same = (scenario: string) =>
        results.cells.find(
          (other) =>
            other.lane === lane &&
            other.scenario === scenario &&
            other.plane === cell.plane &&
            other.services === cell.services,
        );
      if (report.kind === "memory") addMemory(same("memory")!, report);
      else if (report.kind === "lookup") {
        const { block, netNs, floorNs, chaseNs } = report;
        same("lookup")!.replicates.push({
          ...emptyReplicate(timerFloorNs),
          ...{ block, floorNs, chaseNs, wallMs: 0, samples: netNs, median: median(netNs) },
          order: block * results.cells.length + (report.order % connect.length),
        });
      } else if (report.kind === "round") {
        if (done === 0) firstRoundMs = performance.now() - started;
        done++;
        // Places are those of the schedule; the order's test counts all cells of a block.
        const order = report.block * results.cells.length + (report.order % connect.length);
        addRound(cell, { ...report, order }, report.connectNs, timerFloorNs);
        addRound(same("established")!, { ...report, order }, report.exchangeNs, timerFloorNs);
        setFloors(results, lane, report);
        results.equivalence.flows += report.connectNs.length;
        const leftMs = ((performance.now() - started - firstRoundMs) / done) * (total - done);
        onProgress(done, total, done > 1 ? leftMs : null, describe(cell));
        onRound();
      } else {
        const same = results.cells.filter(
          ({ plane, services, ...other }) =>
            other.lane === lane && plane === cell.plane && services === cell.services,
        );
        note(report, same, timerFloorNs);
        onProgress(0, total, null, `loading ${describe(cell)}`);
      }
    },
  });
}

function describe({ lane, plane, services }: Cell): string {
  return `${plane}${lane === "guest" ? " in the guest" : ""}, ${services} services`;
}

/** What is known of a cell once it is loaded, or why it is not. */
function note(
  report: Extract<ConnectReport, { kind: "loaded" | "failed" }>,
  cells: readonly Cell[],
  timerFloorNs: number,
): void {
  for (const cell of cells) {
    if (report.kind === "failed") {
      cell.warnings.push(`a replicate failed: ${report.reason}`);
      continue;
    }
    cell.programBytes = report.programBytes;
    cell.facts = { ...report.facts };
    if (cell.scenario !== "sync") continue;
    const ns = Math.round(report.loadMs * 1e6);
    cell.replicates.push({
      ...emptyReplicate(timerFloorNs),
      samples: [ns],
      median: ns,
      wallMs: Math.round(report.loadMs),
    });
  }
}

function addRound(cell: Cell, round: Round, times: readonly number[], timerFloorNs: number): void {
  const { block, order, seed, wallMs, chaseNs, visited } = round;
  cell.replicates.push({
    ...emptyReplicate(timerFloorNs),
    ...{ block, order, seed, wallMs, chaseNs },
    work: { ...round.work, entriesWritten: 0, stateProbes: 0 },
    samples: thin(times),
    median: median(times),
    singles: { ns: [...times], visited },
    checkedBatches: times.length,
  });
  const mean = (of: keyof Round["work"]) =>
    cell.replicates.reduce((sum, { work }) => sum + work[of], 0) / cell.replicates.length;
  cell.work = {
    rulesVisited: mean("rulesVisited"),
    mapLookups: mean("mapLookups"),
    hashProbes: mean("hashProbes"),
    entriesWritten: 0,
    stateProbes: 0,
  };
}

/** The floor of a round is what `direct` took in the same kernel and block at the same N. */
function setFloors({ cells }: Results, lane: KernelLane, { block }: Round): void {
  for (const scenario of ["connect", "established"]) {
    const of = cells.filter((cell) => cell.lane === lane && cell.scenario === scenario);
    for (const direct of of.filter(({ plane }) => plane === "direct")) {
      const floor = direct.replicates.find((replicate) => replicate.block === block);
      if (!floor) continue;
      for (const { replicates } of of.filter(({ services }) => services === direct.services)) {
        for (const replicate of replicates) if (replicate.block === block) replicate.floorNs = floor.median;
      }
    }
  }
}

/** At most MAX_SAMPLES, evenly spread over the order they were measured in. */
function thin(values: readonly number[]): number[] {
  const step = Math.max(1, values.length / MAX_SAMPLES);
  return Array.from(
    { length: Math.min(values.length, MAX_SAMPLES) },
    (_, i) => values[Math.floor(i * step)]!,
  );
}

/** Measures what a run of the kernel's lanes lacks: rounds of connections in one kernel after the other, then kube-proxies. */

import type { KernelCatalog } from "../../kernel/catalog.js";
import { isBareBaseline, isKernelPlaneId, type KernelPlaneId } from "../../kernel/plane.js";
import { isKubeProxyPlane } from "../../kernel/planes/kube-proxy/id.js";
import { type ConnectTask, connectReportSchema } from "../../kernel/tasks.js";
import { type KernelLane, runInSandbox } from "../../kernel/testbed/sandbox.js";
import { measureTimer } from "../../measure/replicate/clock.js";
import { makeSchedule } from "../../measure/schedule.js";
import type { Cell, Results } from "../../results/schema.js";
import { measureColdStarts } from "./cold-start.js";
import { pointsOf } from "./kernel-points.js";
import { type KernelCells, kernelReports } from "./kernel-reports.js";
import type { RunContext } from "./lane.js";
import { nftOf } from "./nft.js";
import { measureProxies } from "./programming.js";

/** Of the run's time, where kube-proxies are measured as well. */
const SHARE_OF_ROUNDS = 0.55;
const SHARE_OF_COLD_STARTS = 0.2;

/** Measures one kernel after the other. */
export async function measureKernel(results: Results, context: RunContext): Promise<void> {
  const began = performance.now();
  const budgetSeconds = results.run.settings.kernel?.runSeconds ?? null;
  const leftMs = (share: number) =>
    budgetSeconds === null ? null : Math.max(0, budgetSeconds * 1000 * share - (performance.now() - began));
  const hasProxies = results.cells.some(({ plane }) => isKubeProxyPlane(plane));
  const points = pointsOf(results.cells);
  const isMore = hasProxies || points.length > 0;
  // First, because it takes seconds where time is short, and rounds take what there is.
  if (results.cells.some(({ scenario }) => scenario === "cold-start"))
    await measureColdStarts(results, context, leftMs(isMore ? SHARE_OF_COLD_STARTS : 1));
  for (const lane of ["kernel", "guest"] as const) {
    if (context.signal.aborted) break;
    if (points.some((cell) => cell.lane === lane))
      await measureIn(lane, points, results, {
        ...context,
        budgetMs: leftMs(hasProxies ? SHARE_OF_ROUNDS : 1),
      });
  }
  if (points.length > 0) {
    results.equivalence = {
      ...results.equivalence,
      services: Math.max(...points.map(({ services }) => services)),
      planes: [...new Set(points.map(({ plane }) => plane))],
    };
  }
  if (hasProxies && !context.signal.aborted) await measureProxies(results, context, leftMs(1));
}

async function measureIn(
  lane: KernelLane,
  points: readonly Cell[],
  results: Results,
  context: RunContext & { readonly budgetMs: number | null },
): Promise<void> {
  const { catalog, signal, budgetMs, onProgress, onReplicate } = context;
  const hasRounds = new Set(results.run.schedule.flat()).size > 0;
  const cells: KernelCells = {
    points: points.filter((cell) => cell.lane === lane),
    models: lane === "kernel" ? results.cells.filter((cell) => cell.lane === "model") : [],
    updates: results.cells.filter((cell) => cell.lane === lane && cell.scenario === "update"),
  };
  const first = points.findIndex((cell) => cell.lane === lane);
  const task = taskOf(results, cells, {
    ...{ first, kernel: catalog.kernel, budgetMs },
    nft: lane === "kernel" ? nftOf(results, context) : null,
  });
  const ingest = kernelReports(results, cells, {
    timerFloorNs: measureTimer().floorNs,
    isBare: isBareBaseline,
  });
  const total =
    (hasRounds ? cells.points.length * results.run.schedule.length : 0) +
    cells.updates.length * task.updateSchedule.length -
    task.done.rounds.filter(([, cell]) => cell >= 0).length -
    task.done.updates.length;
  const needsLoading = cells.points.some((point) => !isLoaded(results, point));
  if (total === 0 && !needsLoading) return;
  const countdown = new Countdown(total);
  await runInSandbox(lane, task, {
    signal,
    onReport: (line) => {
      const { cell, stage } = ingest(connectReportSchema.parse(line));
      if (stage === null) return;
      const where = cellText(cell);
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

/** Whether a plane was loaded before the run was interrupted, or could not be. */
function isLoaded({ cells }: Results, { lane, plane, services }: Cell): boolean {
  return cells
    .filter((cell) => cell.lane === lane && cell.plane === plane && cell.services === services)
    .some(({ facts, warnings }) => facts.kernel !== undefined || warnings.length > 0);
}

interface TaskOptions {
  /** Index among all points of this kernel's first. */
  readonly first: number;
  readonly kernel: KernelCatalog;
  readonly budgetMs: number | null;
  readonly nft: string | null;
}

/** What the sandbox is asked to do. */
function taskOf(
  { cells: all, run, environment }: Results,
  { points, models, updates }: KernelCells,
  { first, kernel, budgetMs, nft }: TaskOptions,
): ConnectTask {
  const blocksOf = (cell: Cell | undefined) => cell?.replicates.map(({ block }) => block) ?? [];
  // A round leaves a replicate in each of these that the run has.
  const rounded = ({ lane, plane, services }: Cell) =>
    all.find(
      (cell) =>
        ["connect", "established", "lookup"].includes(cell.scenario) &&
        cell.lane === lane &&
        cell.plane === plane &&
        cell.services === services,
    );
  return {
    task: "connect",
    cells: points.map(({ plane, services }) => ({ plane: kernelPlane(plane), services })),
    schedule: run.schedule.map((block) =>
      block.map((cell) => cell - first).filter((cell) => cell >= 0 && cell < points.length),
    ),
    models: models.map(({ plane, services }) => ({ plane, services })),
    updates: updates.map(({ plane, services, variant }) => ({
      cell: points.findIndex((cell) => cell.plane === plane && cell.services === services),
      mode: variant === kernel.fullSync ? "full" : "partial",
    })),
    updateSchedule: makeSchedule(updates.length, run.settings.kernel?.updates ?? 0, run.seed),
    done: {
      rounds: [
        ...points.flatMap((point, cell) =>
          blocksOf(rounded(point)).map((block): [number, number] => [block, cell]),
        ),
        ...models.flatMap((model, cell) =>
          blocksOf(model).map((block): [number, number] => [block, -1 - cell]),
        ),
      ],
      updates: updates.flatMap((cell, update) =>
        blocksOf(cell).map((block): [number, number] => [block, update]),
      ),
    },
    budgetMs,
    connections: run.settings.connections ?? 1,
    nft,
    lastLevelBytes: lastLevelBytes(environment.caches),
    endpointsPerService: run.settings.endpointsPerService,
    family: run.settings.family === 6 ? 6 : 4,
    seed: run.seed,
    cpu: environment.pinnedCpu,
  };
}

/** The largest cache of the machine; null where the system names none. */
function lastLevelBytes(caches: Results["environment"]["caches"]): number | null {
  const sizes = Object.values(caches);
  return sizes.length === 0 ? null : Math.max(...sizes);
}

function kernelPlane(plane: string): KernelPlaneId {
  if (!isKernelPlaneId(plane)) throw new RangeError(`no plane ${plane} in the kernel lane`);
  return plane;
}

function cellText({ lane, plane, services }: Cell): string {
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

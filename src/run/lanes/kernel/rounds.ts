/** Measures what a run of the kernel's lanes lacks: rounds of connections in one kernel after the other, then real programs. */

import type { KernelCatalog } from "../../../kernel/catalog.js";
import { OUT_OF_TIME } from "../../../kernel/out-of-time.js";
import { isBareBaseline, isKernelPlaneId, type KernelPlaneId } from "../../../kernel/plane.js";
import { isRealProgram } from "../../../kernel/planes/real-programs.js";
import { type ConnectTask, connectReportSchema } from "../../../kernel/tasks.js";
import { type KernelLane, runInSandbox } from "../../../kernel/testbed/sandbox.js";
import { measureTimer } from "../../../measure/replicate/clock.js";
import { makeSchedule } from "../../../measure/schedule.js";
import { outcomesOf } from "../../../results/runs/outcomes.js";
import type { Cell, Results } from "../../../results/schema.js";
import { findCell, selectCells } from "../../../results/select.js";
import type { RunContext } from "../lane.js";
import { addFailure } from "../replicate.js";
import { measureColdStarts, planColdStarts } from "./cold-start.js";
import { familyInKernel } from "./family.js";
import { nftPathOf } from "./nft.js";
import { pointsOf } from "./points.js";
import { measurePrograms, planVisits } from "./programming.js";
import { RunProgress, roughLoadMs, roughRoundMs, roughUpdateMs } from "./progress.js";
import { type KernelCells, kernelReports } from "./reports.js";

/** Of the run's time, where real programs are measured as well. */
const SHARE_OF_ROUNDS = 0.55;
const SHARE_OF_COLD_STARTS = 0.2;

/** Measures one kernel after the other. */
export async function measureKernel(results: Results, context: RunContext): Promise<void> {
  context.clock.start();
  // As JSON has it, which the sandbox is asked in: no limit is null.
  const leftMs = (share: number) => {
    const left = context.clock.leftMs(share);
    return Number.isFinite(left) ? left : null;
  };
  const hasPrograms = results.cells.some(({ plane }) => isRealProgram(plane));
  const points = pointsOf(results.cells);
  const isMore = hasPrograms || points.length > 0;
  const progress = new RunProgress(context.onProgress, leftMs(1));
  const coldStarts = planColdStarts(results, progress);
  const rounds = (["kernel", "guest"] as const).flatMap(
    (lane) => planRounds(lane, points, results, context, progress) ?? [],
  );
  const visits = planVisits(results, progress);
  // First, because it takes seconds where time is short, and rounds take what there is.
  await measureColdStarts(results, coldStarts, context, {
    progress,
    budgetMs: leftMs(isMore ? SHARE_OF_COLD_STARTS : 1),
  });
  for (const planned of rounds) {
    if (context.signal.aborted) break;
    await measureIn(planned, results, context, {
      progress,
      budgetMs: leftMs(hasPrograms ? SHARE_OF_ROUNDS : 1),
    });
  }
  if (points.length > 0) {
    results.equivalence = {
      ...results.equivalence,
      services: Math.max(...points.map(({ services }) => services)),
      planes: [...new Set(points.map(({ plane }) => plane))],
    };
  }
  if (!context.signal.aborted)
    await measurePrograms(results, visits, context, { progress, budgetMs: leftMs(1) });
}

/** What one kernel is asked to do, but for its time. */
interface PlannedRounds {
  readonly lane: KernelLane;
  readonly cells: KernelCells;
  readonly task: Omit<ConnectTask, "budgetMs">;
}

/** Finds what one kernel has left to do, and tells the progress; null: nothing. */
function planRounds(
  lane: KernelLane,
  points: readonly Cell[],
  results: Results,
  context: RunContext,
  progress: RunProgress,
): PlannedRounds | null {
  const hasRounds = new Set(results.run.schedule.flat()).size > 0;
  const cells: KernelCells = {
    points: selectCells(points, { lane }),
    models: lane === "kernel" ? selectCells(results, { lane: "model" }) : [],
    updates: selectCells(results, { lane, scenario: "update" }),
  };
  const first = points.findIndex((cell) => cell.lane === lane);
  const task = taskOf(results, cells, {
    first,
    kernel: context.catalog.kernel,
    nft: lane === "kernel" ? nftPathOf(results, context) : null,
  });
  const rounds =
    (hasRounds ? cells.points.length * results.run.schedule.length : 0) -
    task.done.rounds.filter(([, cell]) => cell >= 0).length;
  const updates = cells.updates.flatMap((cell, update) =>
    Array<number>(
      task.updateSchedule.length - task.done.updates.filter(([, each]) => each === update).length,
    ).fill(roughUpdateMs(cell.services, lane === "guest")),
  );
  const needsLoading = cells.points.some((point) => !isLoaded(results, point));
  if (rounds + updates.length === 0 && !needsLoading) return null;
  progress.expect(lane, [
    // In the order in which they are loaded.
    ...cells.points.map(({ services }) => roughLoadMs(services)).sort((a, b) => a - b),
    ...Array<number>(rounds).fill(roughRoundMs(task.connections, lane === "guest")),
    ...updates,
  ]);
  return { lane, cells, task };
}

async function measureIn(
  { lane, cells, task }: PlannedRounds,
  results: Results,
  { signal, onReplicate }: RunContext,
  { progress, budgetMs }: { readonly progress: RunProgress; readonly budgetMs: number | null },
): Promise<void> {
  const ingest = kernelReports(results, cells, {
    timerFloorNs: measureTimer().floorNs,
    isBare: isBareBaseline,
  });
  progress.begin(lane);
  const began = performance.now();
  await runInSandbox(lane, { ...task, budgetMs } satisfies ConnectTask, {
    signal,
    report: connectReportSchema,
    onReport: (report) => {
      const { cell, stage } = ingest(report);
      if (stage === null) return;
      progress.step(lane);
      progress.show(`${WORDS[stage]}${cellText(cell)}`);
      if (stage !== "loading") onReplicate();
    },
  });
  progress.end(lane);
  const isUp = budgetMs !== null && performance.now() - began > budgetMs;
  if (isUp && !signal.aborted) markUnmeasured(results, lane);
}

/** Nothing of a run is empty without a reason: what one kernel has not measured, it had no time for. */
export function markUnmeasured({ cells }: Pick<Results, "cells">, lane: KernelLane): void {
  for (const cell of cells) {
    const { lane: measuredIn, plane, scenario, replicates } = cell;
    const isHere =
      measuredIn === lane
        ? FROM_ROUNDS.includes(scenario) && !isRealProgram(plane)
        : lane === "kernel" && measuredIn === "model";
    if (isHere && replicates.length + outcomesOf(cell).length === 0) addFailure(cell, OUT_OF_TIME);
  }
}

/** Scenarios that are measured on loaded planes. */
const FROM_ROUNDS: readonly string[] = ["connect", "established", "lookup", "update"];

/** Before what is measured. */
const WORDS = { loading: "loaded ", round: "", changing: "changes, " } as const;

/** Whether a plane was loaded before the run was interrupted, or could not be. */
function isLoaded(results: Results, { lane, plane, services }: Cell): boolean {
  return selectCells(results, { lane, plane, services }).some(
    (cell) => cell.facts.kernel !== undefined || outcomesOf(cell).length > 0,
  );
}

interface TaskOptions {
  /** Index among all points of this kernel's first. */
  readonly first: number;
  readonly kernel: KernelCatalog;
  readonly nft: string | null;
}

/** What the sandbox is asked to do. */
function taskOf(
  { cells: all, run, environment }: Results,
  { points, models, updates }: KernelCells,
  { first, kernel, nft }: TaskOptions,
): Omit<ConnectTask, "budgetMs"> {
  const blocksOf = (cell: Cell | undefined) => cell?.replicates.map(({ block }) => block) ?? [];
  // A round leaves a replicate in each of these that the run has.
  const rounded = ({ lane, plane, services }: Cell) =>
    findCell(all, { lane, scenario: ["connect", "established", "lookup"], plane, services });
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
    connections: run.settings.connections ?? 1,
    nft,
    lastLevelBytes: lastLevelBytes(environment.caches),
    endpointsPerService: run.settings.endpointsPerService,
    family: familyInKernel({ run }),
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
  return `${plane}${lane === "guest" ? " in the guest" : ""}, ${services} Services`;
}

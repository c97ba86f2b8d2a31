/** Real programs as planes of the kernel lane: which are measured at which N, and their visits. */

import { InputError, UnsupportedHostError } from "../../../errors.js";
import type { KernelCatalog, KernelProfile, KernelScenario } from "../../../kernel/catalog.js";
import { installCilium } from "../../../kernel/cilium/binary.js";
import { installCommand } from "../../../kernel/kube-proxy/binaries.js";
import { isCiliumPlane } from "../../../kernel/planes/cilium/id.js";
import { NOT_IN_GUEST } from "../../../kernel/planes/kube-proxy/id.js";
import { isRealProgram, type RealProgram, resolveRealProgram } from "../../../kernel/planes/real-programs.js";
import {
  type ProgrammingTask,
  programmingReportSchema,
  type Visit,
} from "../../../kernel/programming/tasks.js";
import { runInSandbox } from "../../../kernel/testbed/sandbox.js";
import { measureTimer } from "../../../measure/replicate/clock.js";
import { makeSchedule } from "../../../measure/schedule.js";
import { addOutcome } from "../../../results/runs/outcomes.js";
import type { Cell, Results } from "../../../results/schema.js";
import { findCell, selectCells } from "../../../results/select.js";
import { formatCount } from "../../../text.js";
import { familyOfRun } from "../../family.js";
import { emptyCell } from "../../plan.js";
import type { RunSpec } from "../../spec.js";
import type { Plan, PlanContext, RunContext } from "../lane.js";
import { nftPathOf } from "./nft.js";
import { cellsAt, isTimed, type ProgramPoint, programmingReports } from "./programming-reports.js";
import { type RunProgress, roughVisitMs } from "./progress.js";

/** The real programs of a run; those of a profile that are not installed are left out and said. */
export function choosePrograms(
  spec: RunSpec,
  profile: KernelProfile,
  onProgress: PlanContext["onProgress"],
): RealProgram[] {
  const asked = spec.planes?.filter(isRealProgram);
  const found: RealProgram[] = [];
  const absent: string[] = [];
  for (const id of asked ?? profile.programs) {
    try {
      const program = resolveRealProgram(id);
      if (!found.some((other) => other.id === program.id)) found.push(program);
    } catch (error) {
      if (asked !== undefined || !(error instanceof InputError)) throw error;
      absent.push(id);
    }
  }
  const note = (ids: readonly string[], command: string): void => {
    if (ids.length > 0)
      onProgress({ kind: "note", text: `left out, because not installed (${command}): ${ids.join(", ")}` });
  };
  note(
    absent.filter((id) => !isCiliumPlane(id)),
    installCommand(),
  );
  note(absent.filter(isCiliumPlane), installCilium());
  return found;
}

/**
 * Says in their cells which programs this kernel can't run: a gap, while others are measured.
 *
 * @throws UnsupportedHostError where nothing would be left to measure.
 */
export function markLacking(
  cells: readonly Cell[],
  programs: readonly RealProgram[],
  {
    isAlone,
    lackOf,
  }: { readonly isAlone: boolean; readonly lackOf: (program: RealProgram) => string | null },
): void {
  const lacking = programs.flatMap((program) => {
    const reason = lackOf(program);
    return reason === null ? [] : [{ id: program.id, reason }];
  });
  const [first] = lacking;
  if (first !== undefined && isAlone && lacking.length === programs.length) {
    throw new UnsupportedHostError(
      `${first.id} is not measured here: ${first.reason}, and ${NOT_IN_GUEST}; name other planes`,
    );
  }
  for (const { id, reason } of lacking) {
    for (const cell of selectCells(cells, { plane: id })) {
      addOutcome(cell, "gap", reason);
      cell.facts = { ...cell.facts, gap: reason };
    }
  }
}

/** Cells of real programs. */
export function programCells(
  programs: readonly Pick<RealProgram, "id">[],
  scenarios: readonly KernelScenario[],
  { services, kernel, endpoints }: { services: readonly number[]; kernel: KernelCatalog; endpoints: number },
): Cell[] {
  return scenarios.flatMap((scenario) =>
    programs.flatMap(({ id }) =>
      services.flatMap((n) =>
        kernel
          .programVariants(scenario, id)
          .map((variant) =>
            emptyCell(
              { plane: id, lane: "kernel", scenario },
              { services: n, endpoints: null, variant },
              endpoints,
            ),
          ),
      ),
    ),
  );
}

/** A real program at one N, once each, in the order of the cells. */
function pointsOf({ cells }: Results): ProgramPoint[] {
  const points = new Map<string, ProgramPoint>();
  for (const { plane, services } of cells) {
    if (!isRealProgram(plane)) continue;
    points.set(JSON.stringify([plane, services]), { plane, services });
  }
  return [...points.values()];
}

/** Changes of each start: as many as can be shared out, the first ones one more. */
export function shareOut(changes: number, starts: number): number[] {
  return Array.from({ length: starts }, (_, i) => Math.ceil((changes - i) / starts));
}

/** The visits that a run still lacks, block by block, each block in an order of its own. */
export function visitsOf(results: Results, points: readonly ProgramPoint[]): Visit[] {
  const { run } = results;
  const { starts, changes, rollout } = run.settings.kernel!;
  const shares = shareOut(changes, starts);
  const rounds = shareOut(run.replicates.least, starts);
  return makeSchedule(points.length, starts, run.seed).flatMap((order, block) =>
    order.flatMap((cell, place) => {
      const cells = cellsAt(results, points[cell]!);
      const programs = findCell(cells, { scenario: "programming" }) !== undefined;
      const visit: Visit = {
        cell,
        block,
        place,
        rounds: cells.some(isRound) ? rounds[block]! : 0,
        changes: programs ? shares[block]! : 0,
        firstChange: shares.slice(0, block).reduce((sum, share) => sum + share, 0),
        rollout: programs ? rollout : 0,
      };
      return isDone(cells, visit) ? [] : [visit];
    }),
  );
}

/** Whether everything of a visit is there, or why it is not. */
function isDone(cells: readonly Cell[], { block, rounds, changes, rollout }: Visit): boolean {
  if (cells.some(({ facts }) => facts.gap !== undefined)) return true;
  const wanted = (cell: Cell): number => {
    const { scenario, variant } = cell;
    if (isRound(cell)) return rounds;
    if (scenario !== "programming") return 1;
    return variant === "rollout" ? Number(rollout > 0) : changes;
  };
  const of = (cell: Cell) => cell.replicates.filter((replicate) => replicate.block === block).length;
  // Memory comes with the first sync, and alone its counts are all there is.
  const timed = cells.filter(isTimed);
  if (timed.length === 0) return cells.every(({ counts }) => counts !== null);
  return timed.every((cell) => of(cell) >= wanted(cell));
}

function isRound({ scenario }: Cell): boolean {
  return scenario === "connect" || scenario === "established";
}

/** Visits that a run still lacks. */
export interface ProgramVisits {
  readonly points: readonly ProgramPoint[];
  readonly visits: readonly Visit[];
}

/** Finds the visits that are left, and tells the progress. */
export function planVisits(results: Results, progress: RunProgress): ProgramVisits {
  const points = pointsOf(results);
  const visits = visitsOf(results, points);
  progress.expect(
    "programs",
    visits.map((visit) => roughVisitMs(points[visit.cell]!.services, visit)),
  );
  return { points, visits };
}

/** Measures the visits that are left. `budgetMs`: time for them, null: no limit. */
export async function measurePrograms(
  results: Results,
  { points, visits }: ProgramVisits,
  context: RunContext,
  { progress, budgetMs }: { readonly progress: RunProgress; readonly budgetMs: number | null },
): Promise<void> {
  const { signal, onReplicate } = context;
  if (visits.length === 0) return;
  const settings = results.run.settings.kernel!;
  const task: ProgrammingTask = {
    task: "programming",
    cells: points.map(({ plane, services }) => ({
      plane,
      services,
      program: resolveRealProgram(programOf(plane, context)),
    })),
    visits,
    endpointsPerService: results.run.settings.endpointsPerService,
    family: familyOfRun(results.run),
    nft: nftPathOf(results, context),
    connections: results.run.settings.connections ?? 1,
    cpu: results.environment.pinnedCpu,
    seed: results.run.seed,
    limitMs: settings.cellSeconds * 1000,
    budgetMs,
  };
  const ingest = programmingReports(results, points, measureTimer().floorNs);
  progress.begin("programs");
  await runInSandbox("kernel", task, {
    signal,
    report: programmingReportSchema,
    onReport: (report) => {
      ingest(report);
      const { plane, services } = points[report.cell]!;
      if (report.kind === "left") progress.step("programs");
      if (report.kind === "starting") progress.show(`${plane}, ${formatCount(services)} Services`);
      else onReplicate();
    },
  });
  progress.end("programs");
}

/** Where the program of a plane is: a user's own build is known by its path, which results don't hold. */
function programOf(plane: string, { ownBuilds }: RunContext): string {
  return ownBuilds?.get(plane) ?? plane;
}

/** Settings of the kernel's lanes, as they are used. */
export function kernelSettings(
  spec: RunSpec,
  profile: KernelProfile,
): NonNullable<Plan["settings"]["kernel"]> {
  const changes = spec.replicates?.least ?? profile.changes;
  return {
    updates: spec.replicates?.least ?? profile.updates,
    changes,
    starts: Math.min(profile.starts, changes),
    rollout: profile.rollout,
    coldStarts: spec.replicates?.least ?? profile.coldStarts,
    cellSeconds: spec.durationSeconds ?? profile.cellSeconds,
    runSeconds: spec.budgetSeconds ?? profile.runSeconds,
  };
}

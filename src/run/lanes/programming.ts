/** kube-proxies as planes of the kernel lane: which are measured at which N, and their visits. */

import { InputError } from "../../errors.js";
import type { KernelCatalog, KernelProfile, KernelScenario } from "../../kernel/catalog.js";
import {
  isKubeProxyPlane,
  type ResolvedKubeProxy,
  resolveKubeProxy,
} from "../../kernel/planes/kube-proxy/id.js";
import { type ProgrammingTask, programmingReportSchema, type Visit } from "../../kernel/programming/tasks.js";
import { runInSandbox } from "../../kernel/testbed/sandbox.js";
import { measureTimer } from "../../measure/replicate/clock.js";
import { makeSchedule } from "../../measure/schedule.js";
import type { Cell, Results } from "../../results/schema.js";
import { formatCount } from "../../text.js";
import { emptyCell } from "../plan.js";
import type { RunSpec } from "../spec.js";
import type { Plan, PlanContext, RunContext } from "./lane.js";
import { nftOf } from "./nft.js";
import { cellsAt, type ProxyPoint, programmingReports } from "./programming-reports.js";

/** The kube-proxies of a run; those of a profile that are not installed are left out and said. */
export function chooseKubeProxies(
  spec: RunSpec,
  profile: KernelProfile,
  onProgress: PlanContext["onProgress"],
): ResolvedKubeProxy[] {
  const asked = spec.planes?.filter(isKubeProxyPlane);
  const found: ResolvedKubeProxy[] = [];
  const absent: string[] = [];
  for (const id of asked ?? profile.kubeProxies) {
    try {
      const proxy = resolveKubeProxy(id);
      if (!found.some((other) => other.id === proxy.id)) found.push(proxy);
    } catch (error) {
      if (asked !== undefined || !(error instanceof InputError)) throw error;
      absent.push(id);
    }
  }
  if (absent.length > 0) {
    onProgress({
      kind: "note",
      text: `left out, because not installed (scripts/install-kube-proxy.sh): ${absent.join(", ")}`,
    });
  }
  return found;
}

/** Cells of kube-proxies. */
export function proxyCells(
  proxies: readonly ResolvedKubeProxy[],
  scenarios: readonly KernelScenario[],
  { services, kernel, endpoints }: { services: readonly number[]; kernel: KernelCatalog; endpoints: number },
): Cell[] {
  return scenarios.flatMap((scenario) =>
    proxies.flatMap(({ id }) =>
      services.flatMap((n) =>
        kernel
          .proxyVariants(scenario)
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

/** A kube-proxy at one N, once each, in the order of the cells. */
function pointsOf({ cells }: Results): ProxyPoint[] {
  const points = new Map<string, ProxyPoint>();
  for (const { plane, services } of cells) {
    if (!isKubeProxyPlane(plane)) continue;
    points.set(JSON.stringify([plane, services]), { plane, services });
  }
  return [...points.values()];
}

/** Changes of each start: as many as can be shared out, the first ones one more. */
export function shareOut(changes: number, starts: number): number[] {
  return Array.from({ length: starts }, (_, i) => Math.ceil((changes - i) / starts));
}

/** The visits that a run still lacks, block by block, each block in an order of its own. */
export function visitsOf(results: Results, points: readonly ProxyPoint[]): Visit[] {
  const { run } = results;
  const { starts, changes, rollout } = run.settings.kernel!;
  const shares = shareOut(changes, starts);
  const rounds = shareOut(run.replicates.least, starts);
  return makeSchedule(points.length, starts, run.seed).flatMap((order, block) =>
    order.flatMap((cell, place) => {
      const cells = cellsAt(results, points[cell]!);
      const programs = cells.some(({ scenario }) => scenario === "programming");
      const visit: Visit = {
        ...{ cell, block, place },
        rounds: cells.some(isRound) ? rounds[block]! : 0,
        changes: programs ? shares[block]! : 0,
        firstChange: shares.slice(0, block).reduce((sum, share) => sum + share, 0),
        rollout: programs ? rollout : 0,
      };
      return isDone(cells, visit) ? [] : [visit];
    }),
  );
}

/** Whether everything of a visit is there, or why it is not. Otherwise what there is of it is removed, to be measured again. */
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
  const timed = cells.filter(({ scenario }) => scenario !== "proxy-memory");
  if (timed.length === 0) return cells.every(({ counts }) => counts !== null);
  if (timed.every((cell) => of(cell) >= wanted(cell))) return true;
  for (const cell of timed)
    cell.replicates = cell.replicates.filter((replicate) => replicate.block !== block);
  return false;
}

function isRound({ scenario }: Cell): boolean {
  return scenario === "connect" || scenario === "established";
}

/** Measures the visits that are left. `proxies`: where the programs are; `budgetMs`: time for them, null: no limit. */
export async function measureProxies(
  results: Results,
  context: RunContext,
  budgetMs: number | null,
): Promise<void> {
  const { signal, onProgress, onReplicate } = context;
  const points = pointsOf(results);
  const visits = visitsOf(results, points);
  if (visits.length === 0) return;
  const settings = results.run.settings.kernel!;
  const task: ProgrammingTask = {
    task: "programming",
    cells: points.map(({ plane, services }) => {
      const { binary, mode, backend } = resolveKubeProxy(programOf(plane, context));
      return { plane, binary, mode, backend, services };
    }),
    visits,
    endpointsPerService: results.run.settings.endpointsPerService,
    nft: nftOf(results, context),
    connections: results.run.settings.connections ?? 1,
    cpu: results.environment.pinnedCpu,
    seed: results.run.seed,
    limitMs: settings.cellSeconds * 1000,
    budgetMs,
  };
  const ingest = programmingReports(results, points, measureTimer().floorNs);
  const began = performance.now();
  let done = 0;
  await runInSandbox("kernel", task, {
    signal,
    onReport: (line) => {
      const report = programmingReportSchema.parse(line);
      ingest(report);
      const { plane, services } = points[report.cell]!;
      const perVisitMs = (performance.now() - began) / Math.max(1, done);
      if (report.kind === "left") done++;
      if (report.kind === "starting") {
        const leftMs = done === 0 ? null : perVisitMs * (visits.length - done);
        const what = `${plane}, ${formatCount(services)} services`;
        onProgress({ kind: "measuring", done, total: visits.length, leftMs, what });
      } else onReplicate();
    },
  });
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

/** A new node's nftables rules, in one transaction and in stages: which are loaded, and what the reports become. */

import type { KernelCatalog, KernelProfile } from "../../../kernel/catalog.js";
import {
  type ColdStartReport,
  type ColdStartTask,
  coldStartReportSchema,
} from "../../../kernel/cold-start/tasks.js";
import { isKubeProxyPlane, parseKubeProxyPlane } from "../../../kernel/planes/kube-proxy/id.js";
import { runInSandbox } from "../../../kernel/testbed/sandbox.js";
import { measureTimer } from "../../../measure/replicate/clock.js";
import { makeSchedule } from "../../../measure/schedule.js";
import { splitPlaneId } from "../../../planes/kube-proxy-versions.js";
import { outcomesOf } from "../../../results/runs/outcomes.js";
import type { Cell, Results } from "../../../results/schema.js";
import { selectCells } from "../../../results/select.js";
import { formatCount } from "../../../text.js";
import { emptyCell } from "../../plan.js";
import type { RunSpec } from "../../spec.js";
import type { RunContext } from "../lane.js";
import { addFailure, emptyReplicate } from "../replicate.js";
import { familyInKernel } from "./family.js";
import { nftPathOf } from "./nft.js";
import { type RunProgress, roughColdStartMs } from "./progress.js";

const SCENARIO = "cold-start";

/** Cells of a run: none, where its planes have no such rules, or its profile no time for them and nobody asked. */
export function coldStartCells(
  spec: RunSpec,
  { coldStarts }: KernelCatalog,
  profile: KernelProfile,
  endpoints: number,
): Cell[] {
  const isNamed = spec.scenarios !== undefined && spec.scenarios !== "all";
  const most = isNamed ? profile.mostServices : profile.coldStartServices;
  const sizes = spec.services ?? coldStarts.sizes.filter((services) => services <= most);
  if (most === 0) return [];
  return layoutsOf(spec, coldStarts.planes).flatMap((plane) =>
    [...new Set(sizes)]
      .sort((a, b) => a - b)
      .flatMap((services) =>
        Object.entries(coldStarts.stages)
          .filter(([, stage]) => stage === null || stage < services)
          .map(([variant]) =>
            emptyCell(
              { plane, lane: "kernel", scenario: SCENARIO },
              { services, endpoints: null, variant },
              endpoints,
            ),
          ),
      ),
  );
}

/** Of all layouts those that the run is about: all for the plane that has them, one for a kube-proxy of that version. */
function layoutsOf({ planes }: RunSpec, layouts: readonly string[]): readonly string[] {
  if (planes === undefined) return layouts;
  return layouts.filter((layout) => {
    const { plane, version } = splitPlaneId(layout);
    if (planes.includes(plane) || planes.includes(layout)) return true;
    return planes.filter(isKubeProxyPlane).some((id) => {
      const proxy = parseKubeProxyPlane(id);
      return proxy.mode === plane && proxy.version === version;
    });
  });
}

/** The loads that a run still lacks, block by block. */
function visitsOf(cells: readonly Cell[], blocks: number, seed: number): ColdStartTask["visits"] {
  return makeSchedule(cells.length, blocks, seed).flatMap((order, block) =>
    order.flatMap((cell, place) => {
      const { replicates } = cells[cell]!;
      const isDone =
        outcomesOf(cells[cell]!).length > 0 || replicates.some((replicate) => replicate.block === block);
      return isDone ? [] : [{ cell, block, place }];
    }),
  );
}

/**
 * Reads one report into its cell.
 *
 * @param cells The cells that the task numbers.
 * @param all How many cells the run has.
 * @param timerFloorNs What two readings of the clock differ by.
 */
export function addColdStart(
  cells: readonly Cell[],
  report: ColdStartReport,
  all: number,
  timerFloorNs: number,
): void {
  const cell = cells[report.cell];
  if (cell === undefined) throw new RangeError(`a report names no cold start of this run: ${report.cell}`);
  if (report.kind === "gap") {
    addFailure(cell, report.reason, report.spentMs);
    return;
  }
  const { block, place, ns, toolNs, kernelNs, longestNs, nft, wallMs } = report;
  const { transactions, setsPassed, entriesPassed } = report;
  const done = cell.replicates.length;
  const mean = (fact: string, value: number) => (Number(cell.facts[fact] ?? 0) * done + value) / (done + 1);
  cell.facts = {
    ...cell.facts,
    nft,
    transactions,
    setsPassed,
    entriesPassed,
    toolCpuNs: mean("toolCpuNs", toolNs),
    kernelCpuNs: mean("kernelCpuNs", kernelNs),
    longestTransactionNs: mean("longestTransactionNs", longestNs),
  };
  cell.replicates.push({
    ...emptyReplicate(timerFloorNs),
    block,
    order: block * all + place,
    samples: [ns],
    median: ns,
    wallMs,
  });
}

/** Loads that a run still lacks. */
export interface ColdStarts {
  readonly cells: readonly Cell[];
  readonly visits: ColdStartTask["visits"];
}

/** Finds what is left to load, and tells the progress. */
export function planColdStarts(results: Results, progress: RunProgress): ColdStarts {
  const { run } = results;
  const cells = selectCells(results, { scenario: SCENARIO });
  const visits = visitsOf(cells, run.settings.kernel?.coldStarts ?? 1, run.seed);
  progress.expect(
    "cold starts",
    visits.map(({ cell }) => roughColdStartMs(cells[cell]!.services)),
  );
  return { cells, visits };
}

/** Loads what is left. `budgetMs`: time for it, null: no limit. */
export async function measureColdStarts(
  results: Results,
  { cells, visits }: ColdStarts,
  context: RunContext,
  { progress, budgetMs }: { readonly progress: RunProgress; readonly budgetMs: number | null },
): Promise<void> {
  const { catalog, signal, onReplicate } = context;
  const { run, environment } = results;
  if (visits.length === 0) return;
  const task: ColdStartTask = {
    task: "cold start",
    cells: cells.map(({ plane, services, variant }) => ({
      plane,
      services,
      stage: catalog.kernel.coldStarts.stages[variant] ?? null,
    })),
    visits,
    endpointsPerService: run.settings.endpointsPerService,
    family: familyInKernel(results),
    nft: nftPathOf(results, context),
    seed: run.seed,
    cpu: environment.pinnedCpu,
    limitMs: (run.settings.kernel?.cellSeconds ?? 600) * 1000,
    budgetMs,
  };
  const timerFloorNs = measureTimer().floorNs;
  const showNext = (next: number): void => {
    const visit = visits[next];
    if (visit === undefined) return;
    const { plane, services } = cells[visit.cell]!;
    progress.show(`cold start, ${plane}, ${formatCount(services)} Services`);
  };
  progress.begin("cold starts");
  showNext(0);
  let done = 0;
  await runInSandbox("kernel", task, {
    signal,
    report: coldStartReportSchema,
    onReport: (report) => {
      addColdStart(cells, report, results.cells.length, timerFloorNs);
      progress.step("cold starts");
      showNext(++done);
      onReplicate();
    },
  });
  progress.end("cold starts");
}

/** What the kernel lane's reports become in a result: one handler per kind of report. Pure: no clock, no process. */

import { present } from "../../../errors.js";
import type { ConnectReport } from "../../../kernel/tasks.js";
import { thin } from "../../../measure/replicate/samples.js";
import { addReplicate, meanWork } from "../../../measure/run.js";
import type { Cell, Replicate, Results } from "../../../results/schema.js";
import { findCell, selectCells } from "../../../results/select.js";
import { median } from "../../../stats/quantile.js";
import { addFailure, emptyReplicate } from "../replicate.js";

type Kind = ConnectReport["kind"];
type Report<K extends Kind> = Extract<ConnectReport, { kind: K }>;
type Handlers = { readonly [K in Kind]: (report: Report<K>) => Ingested };

/** What a report was about: the cell that it belongs to, and what stage of the run it shows. */
export interface Ingested {
  readonly cell: Cell;
  /** `loading` precedes the rounds, `changing` follows them; null: a report that comes with another one. */
  readonly stage: "loading" | "round" | "changing" | null;
}

/** The cells of one kernel, in the order in which its task numbers them. */
export interface KernelCells {
  /** A cell of each plane at each N, numbered by `cell` of most reports. */
  readonly points: readonly Cell[];
  /** Of the model lane, numbered by `cell` of a `model` report. */
  readonly models: readonly Cell[];
  /** Numbered by `update`. */
  readonly updates: readonly Cell[];
}

/**
 * Reads reports of one kernel into a result.
 *
 * @param results The run, whose cells and equivalence are added to.
 * @param cells The cells that the task numbers.
 * @param options `timerFloorNs`: what two readings of the clock differ by; `isBare`: whether a plane is the baseline of
 * rounds, a node without rules.
 * @returns A function that adds one report.
 */
export function kernelReports(
  results: Results,
  cells: KernelCells,
  options: { readonly timerFloorNs: number; readonly isBare: (plane: string) => boolean },
): (report: ConnectReport) => Ingested {
  const { points, models, updates } = cells;
  const { timerFloorNs, isBare } = options;

  /** Where in the run a replicate was measured: the test for order effects counts all cells of a block. */
  const place = ({ block, place }: { block: number; place: number }) => ({
    block,
    order: block * results.cells.length + place,
  });
  /** Real programs have a baseline of their own. */
  const planes = points.map(({ plane }) => plane);
  const own = selectCells(results, { plane: planes });
  /** The cells that were measured on the same loaded plane. */
  const sameStation = ({ lane, plane, services }: Cell) => selectCells(results, { lane, plane, services });
  /** Undefined: nobody asked for the scenario. */
  const sibling = (cell: Cell, scenario: string) => findCell(sameStation(cell), { scenario });
  /** Whether a cell has all that it is to have: what fails after that takes nothing from it. */
  const isWhole = ({ scenario, counts, replicates }: Cell) => {
    if (scenario === "memory") return counts !== null;
    const { schedule, settings } = results.run;
    const updates = settings.kernel?.updates ?? 0;
    const planned = scenario === "sync" ? 1 : scenario === "update" ? updates : schedule.length;
    return replicates.length >= Math.max(1, planned);
  };
  const pointCell = ({ cell }: { cell: number }) => ofRun(points[cell], `plane ${cell}`);
  const updateCell = ({ update }: { update: number }) => ofRun(updates[update], `update ${update}`);

  const handlers: Handlers = {
    loaded: (report) => {
      const cell = pointCell(report);
      for (const same of sameStation(cell)) {
        same.programBytes = report.programBytes;
        // A run that is resumed loads once more what it has loaded, and measured, before.
        same.facts = { ...same.facts, ...report.facts };
        if (same.scenario !== "sync" || same.replicates.length > 0) continue;
        const ns = Math.round(report.loadMs * 1e6);
        same.replicates.push({
          ...emptyReplicate(timerFloorNs),
          samples: [ns],
          median: ns,
          wallMs: Math.round(report.loadMs),
        });
      }
      return { cell, stage: "loading" };
    },
    failed: (report) => {
      const cell = pointCell(report);
      for (const same of sameStation(cell)) if (!isWhole(same)) addFailure(same, report.reason);
      return { cell, stage: "loading" };
    },
    memory: (report) => {
      const point = pointCell(report);
      const cell = sibling(point, "memory");
      if (cell === undefined) return { cell: point, stage: null };
      const { source, bytes, besides, modelled } = report;
      const sizes = Object.values(bytes);
      cell.counts = {
        ...(sizes.length > 0 && { bytes: sizes.reduce((sum, size) => sum + size, 0) }),
        ...named("", bytes),
        ...named("besides: ", besides),
        ...(modelled !== undefined && { "modelled bytes": modelled }),
      };
      cell.facts = { ...cell.facts, source };
      return { cell, stage: null };
    },
    round: (report) => {
      const cell = pointCell(report);
      const empty = { ...emptyReplicate(timerFloorNs), ...place(report), seed: report.seed };
      addRound(sibling(cell, "connect"), report, report.connectNs, empty);
      addRound(sibling(cell, "established"), report, report.exchangeNs, empty);
      setFloors(own, cell.lane, report.block, isBare);
      results.equivalence.flows += report.connectNs.length;
      return { cell, stage: "round" };
    },
    lookup: (report) => {
      const point = pointCell(report);
      const cell = sibling(point, "lookup");
      if (cell === undefined) return { cell: point, stage: null };
      const { netNs, floorNs, chaseNs } = report;
      cell.replicates.push({
        ...emptyReplicate(timerFloorNs),
        ...place(report),
        floorNs,
        chaseNs,
        wallMs: 0,
        samples: netNs,
        median: median(netNs),
      });
      return { cell, stage: null };
    },
    "known latency": ({ tables }) => {
      results.knownLatency = tables;
      return { cell: ofRun(points[0], "plane 0"), stage: null };
    },
    "known latency failed": ({ reason }) => {
      // With the times that it would vouch for. No replicate is missing for it.
      for (const cell of selectCells(results, { lane: "kernel", scenario: "lookup" }))
        cell.facts = { ...cell.facts, knownLatency: `not made: ${reason}` };
      return { cell: ofRun(points[0], "plane 0"), stage: null };
    },
    model: (report) => {
      const cell = ofRun(models[report.cell], `model ${report.cell}`);
      const { measured, wallMs } = report.ran;
      cell.programBytes = measured.programBytes;
      cell.facts = { ...measured.facts };
      if (!("counts" in measured)) {
        addReplicate(results, cell, measured, wallMs, { ...place(report), seed: report.seed });
      }
      return { cell, stage: null };
    },
    update: (report) => {
      const cell = updateCell(report);
      const { toolNs, callsNs, floorNs, chaseNs, wallMs } = report;
      cell.replicates.push({
        ...emptyReplicate(timerFloorNs),
        ...place(report),
        // An endpoint joined and left: two samples of one replicate.
        wallMs,
        floorNs,
        chaseNs,
        samples: [...toolNs],
        median: median(toolNs),
      });
      if (callsNs !== null) {
        // A mean over the replicates so far.
        const before = Number(cell.facts.systemCallsNs ?? 0) * (cell.replicates.length - 1);
        const systemCallsNs = (before + median(callsNs)) / cell.replicates.length;
        cell.facts = { ...cell.facts, systemCallsNs };
      }
      return { cell, stage: "changing" };
    },
    "update failed": (report) => {
      const cell = updateCell(report);
      addFailure(cell, report.reason);
      return { cell, stage: "changing" };
    },
  };
  return (report) => dispatch(handlers, report);
}

/** The handler of a report's kind. The compiler does not correlate a union with a table of handlers by itself. */
function dispatch<K extends Kind>(
  handlers: { readonly [P in K]: (report: Report<P>) => Ingested },
  report: Report<K> & { readonly kind: K },
): Ingested {
  return handlers[report.kind](report);
}

function ofRun(cell: Cell | undefined, what: string): Cell {
  return present(cell, `a report of the kernel lane names no cell of this run: ${what}`);
}

function named(prefix: string, parts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(parts).map(([name, count]) => [`${prefix}${name} bytes`, count]));
}

function addRound(
  cell: Cell | undefined,
  { wallMs, chaseNs, visited, work }: Report<"round">,
  times: readonly number[],
  empty: Omit<Replicate, "samples" | "median" | "wallMs">,
): void {
  if (cell === undefined) return;
  cell.replicates.push({
    ...empty,
    wallMs,
    chaseNs,
    work: { ...work, entriesWritten: 0, stateProbes: 0 },
    samples: thin(times),
    median: median(times),
    singles: { ns: [...times], visited },
    checkedBatches: times.length,
  });
  cell.work = meanWork(cell.replicates);
}

/** The baseline of a round is what a node without rules took in the same kernel and block at the same N. */
function setFloors(
  cells: readonly Cell[],
  lane: Cell["lane"],
  block: number,
  isBare: (plane: string) => boolean,
): void {
  for (const scenario of ["connect", "established"]) {
    const of = selectCells(cells, { lane, scenario });
    for (const bare of of.filter(({ plane }) => isBare(plane))) {
      const baseline = bare.replicates.find((replicate) => replicate.block === block);
      if (!baseline) continue;
      for (const { replicates } of selectCells(of, { services: bare.services })) {
        for (const replicate of replicates)
          if (replicate.block === block) replicate.floorNs = baseline.median;
      }
    }
  }
}

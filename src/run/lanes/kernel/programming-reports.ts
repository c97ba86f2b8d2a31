/** What the reports about real programs become in a result: one handler per kind of report. Pure: no clock, no process. */

import type { ProgrammingReport } from "../../../kernel/programming/tasks.js";
import { thin } from "../../../measure/replicate/samples.js";
import type { Cell, Replicate, Results } from "../../../results/schema.js";
import { findCell, selectCells } from "../../../results/select.js";
import { median } from "../../../stats/quantile.js";
import { addFailure, emptyReplicate, secondsOf } from "../replicate.js";

/** A program at one number of services. */
export interface ProgramPoint {
  readonly plane: string;
  readonly services: number;
}

/** Parts of a sync, which are cells of their own; together they are the whole. */
const SYNC_PARTS = ["listing", "writing", "rest"] as const;
/** Part of `writing`: what the tools spent in the kernel. */
const IN_KERNEL = "writing, in the kernel";
/** Variants of `programming` in addition to the plain one, from the event to the end of the sync. */
const VISIBLE = "visible";
const ROLLOUT = "rollout";
/** Of `sync`: from nothing until the last Service answers, and the processor time of that. */
const FIRST = "first";
const FIRST_CPU = "first, CPU";

/** Cells of a point; a scenario that nobody asked for has none. */
export function cellsAt(results: Results, { plane, services }: ProgramPoint): Cell[] {
  return selectCells(results, { lane: "kernel", plane, services });
}

/**
 * Reads reports into a result.
 *
 * @param results The run, whose cells are added to.
 * @param points The points that the task numbers.
 * @param timerFloorNs What two readings of the clock differ by.
 * @returns A function that adds one report.
 */
export function programmingReports(
  results: Results,
  points: readonly ProgramPoint[],
  timerFloorNs: number,
): (report: ProgrammingReport) => void {
  return (report) => {
    const point = points[report.cell];
    if (point === undefined) throw new RangeError(`a report names no program of this run: ${report.cell}`);
    const cells = cellsAt(results, point);
    const add = (scenario: string, variant: string, ns: number, more: Partial<Replicate> = {}): void => {
      const cell = findCell(cells, { scenario, variant });
      cell?.replicates.push({
        ...emptyReplicate(timerFloorNs),
        block: report.block,
        order: report.block * results.cells.length + report.place,
        samples: [ns],
        median: ns,
        wallMs: 0,
        ...more,
      });
    };
    const addRound = (scenario: string, times: readonly number[], more: Partial<Replicate>): void =>
      add(scenario, "", median(times), { ...more, samples: thin(times), checkedBatches: times.length });
    switch (report.kind) {
      case "starting":
        dropPartial(cells, report.block);
        return;
      case "left":
        return;
      case "started":
        addStart(cells, report);
        add("sync", FIRST, report.answeredNs, { wallMs: Math.round(report.answeredNs / 1e6) });
        add("sync", FIRST_CPU, report.cpuNs);
        return;
      case "round": {
        const { seed, wallMs, connectNs, exchangeNs, baseConnectNs, baseExchangeNs } = report;
        addRound("connect", connectNs, { seed, wallMs, floorNs: baseConnectNs });
        addRound("established", exchangeNs, { seed, wallMs, floorNs: baseExchangeNs });
        results.equivalence.flows += connectNs.length;
        return;
      }
      case "changed": {
        const { syncNs, visibleNs, wallMs } = report;
        const { listingNs, writingNs, writingSystemNs } = report.tools;
        add("programming", "", syncNs, { wallMs });
        add("programming", VISIBLE, visibleNs);
        const parts = [listingNs, writingNs, Math.max(0, syncNs - listingNs - writingNs)];
        for (const [i, part] of SYNC_PARTS.entries()) add("programming", part, parts[i]!);
        if (writingSystemNs !== null) add("programming", IN_KERNEL, Math.min(writingNs, writingSystemNs));
        return;
      }
      case "rolled out":
        add("programming", ROLLOUT, report.syncNs, { wallMs: report.wallMs });
        for (const cell of selectCells(cells, { variant: ROLLOUT })) {
          const { endpoints, syncs, operations } = report;
          cell.facts = {
            ...cell.facts,
            endpoints,
            ...(syncs !== null && { syncs }),
            ...(operations !== null && { operations }),
          };
        }
        return;
      case "gap":
        for (const cell of cells) addGap(cell, report);
    }
  };
}

/** Scenarios whose cells hold counts, and no replicates. */
const COUNTED: readonly string[] = ["memory", "proxy-memory"];

/** Whether a cell gets replicates. */
export function isTimed({ scenario }: Cell): boolean {
  return !COUNTED.includes(scenario);
}

/** Of a visit that was interrupted nothing is kept once it is made again: half of a start is no start. */
function dropPartial(cells: readonly Cell[], block: number): void {
  for (const cell of cells.filter(isTimed))
    cell.replicates = cell.replicates.filter((replicate) => replicate.block !== block);
}

type Report<K extends ProgrammingReport["kind"]> = Extract<ProgrammingReport, { kind: K }>;

/** What a start reports in addition to its time. */
function addStart(cells: readonly Cell[], report: Report<"started">): void {
  const { facts, syncedNs, peakBytes, tools, slabBytes, vmallocBytes } = report;
  for (const cell of cells) cell.facts = { ...cell.facts, ...facts };
  for (const cell of selectCells(cells, { scenario: "sync", variant: FIRST })) {
    cell.facts = {
      ...cell.facts,
      firstSyncNs: syncedNs,
      listingNs: tools.listingNs,
      writingNs: tools.writingNs,
    };
  }
  for (const cell of selectCells(cells, { scenario: "memory" })) {
    cell.counts = mapCounts(report.maps ?? {});
    cell.facts = { ...cell.facts, source: "memlock" };
  }
  for (const cell of selectCells(cells, { scenario: "proxy-memory" })) {
    // The most of all starts: nothing else says what a node must have.
    const most = (name: string, bytes: number) => Math.max(cell.counts?.[name] ?? 0, bytes);
    cell.counts = {
      bytes: most("bytes", peakBytes),
      "tools bytes": most("tools bytes", tools.peakBytes),
      // Of the whole machine, where others free memory meanwhile: less than nothing says nothing.
      "kernel slab bytes": most("kernel slab bytes", slabBytes),
      "kernel vmalloc bytes": most("kernel vmalloc bytes", vmallocBytes),
    };
  }
}

/** Bytes of maps by their names and types. Those that hold connections and clients are as large with one Service as with all. */
function mapCounts(maps: Readonly<Record<string, number>>): Record<string, number> {
  const isState = (name: string) => name.includes(" LRU");
  const filled = Object.entries(maps).filter(([name]) => !isState(name));
  return {
    bytes: filled.reduce((sum, [, bytes]) => sum + bytes, 0),
    ...Object.fromEntries(
      Object.entries(maps).map(([name, bytes]) => [
        `${isState(name) ? "besides: " : ""}map ${name} bytes`,
        bytes,
      ]),
    ),
  };
}

/** What could not be measured is said, with the time that it was given. What was measured before stays. */
function addGap(cell: Cell, { stage, reason, spentMs }: Report<"gap">): void {
  const isRound = cell.scenario === "connect" || cell.scenario === "established";
  const isReached = isRound ? stage === "changes" : stage !== "start" && cell.scenario !== "programming";
  if (isReached) return;
  // An earlier start was measured: what a later one had no time for is missing replicates, not a gap.
  if (stage === "start" && spentMs === 0 && (cell.replicates.length > 0 || cell.counts !== null)) return;
  addFailure(cell, reason, spentMs);
  cell.facts = { ...cell.facts, gap: reason, spentSeconds: secondsOf(spentMs) };
}

/** What a reader of a run must know before believing it: the same lines on the terminal, in the page, in tables and slides. */

import { halfWidthOf } from "../results/estimate.js";
import type { OrderEffect, Results } from "../results/schema.js";
import { runWarnings } from "../results/validity.js";
import { plainText } from "../text.js";
import { describeKnownLatency, knownLatencyWarnings } from "./known-latency.js";
import { formatSize, tableRows, timedCells } from "./tables/table.js";

/** A warning names as many cells; beyond them the list hides what the warning says to do. */
const MOST_NAMED = 8;

/** How precise the run is, and whether order mattered: a line each. */
export function qualityLines(results: Results): string[] {
  return [precision(results), describeKnownLatency(results), formatOrderEffect(results.orderEffect)].filter(
    (line) => line !== "",
  );
}

/** Every warning of a run: those of its cells, with the cells, then those of the whole run. */
export function allWarnings(results: Results): string[] {
  const rows = tableRows(results);
  const several = new Set(rows.map(({ scenario }) => scenario)).size > 1;
  const cells = new Map<string, string[]>();
  for (const row of rows) {
    for (const warning of row.cell.warnings) {
      const named = cells.get(warning) ?? [];
      named.push(`${several ? `${row.scenario}, ` : ""}${row.label} at ${formatSize(row)}`);
      cells.set(warning, named);
    }
  }
  return [
    ...[...cells].map(([warning, named]) => plainText(`${warning} (${nameCells(named, rows.length)})`, 900)),
    ...[...knownLatencyWarnings(results), ...runWarnings(results)].map((warning) => plainText(warning, 600)),
  ];
}

/** Cells by name as long as a line holds them, and how many of all. */
function nameCells(cells: readonly string[], all: number): string {
  if (cells.length <= MOST_NAMED) return cells.join(", ");
  return `${cells.length} of ${all} cells; the table in CSV names them`;
}

/** How many cells reached the goal of sequential stopping. Empty where a fixed number of replicates was asked for. */
function precision(results: Results): string {
  const { run } = results;
  if (run.looks.length < 2) return "";
  const goal = `±${100 * run.targetHalfWidth} %`;
  const timed = timedCells(results);
  const precise = timed.filter(
    ({ estimate }) => estimate?.kind === "ci95" && halfWidthOf(estimate) <= run.targetHalfWidth,
  ).length;
  const cut = timed.filter(({ stopped }) => stopped?.reason === "budget").length;
  const time = cut > 0 ? `; ${cut} of the others were stopped by the time budget` : "";
  return `precision: ${precise} of ${timed.length} cells are within ${goal} of their median${time}`;
}

function formatOrderEffect(effect: OrderEffect | null): string {
  if (!effect) return "";
  const test = ({ rho, p }: { rho: number; p: number }) =>
    `rho ${rho.toFixed(2)}, p ${p < 0.001 ? "< 0.001" : p < 0.01 ? "< 0.01" : p.toFixed(2)}`;
  return `drift check (Spearman): within blocks ${test(effect.place)}; over the run ${test(effect.drift)}`;
}

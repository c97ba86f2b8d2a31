/** What a run prints when it ends. */

import { kubeProxyFacts } from "../output/method.js";
import {
  ADJUSTED_HEADING,
  formatAdjusted,
  formatHalfWidth,
  formatInterval,
  formatSize,
  formatTimes,
  intervalHeading,
  type Row,
  tableRows,
} from "../output/tables/table.js";
import { asciiText, lacksUtf8, textCharts } from "../output/terminal/text-chart.js";
import { halfWidthOf } from "../results/estimate.js";
import type { OrderEffect, Results } from "../results/schema.js";
import { runWarnings } from "../results/validity.js";
import { formatNs, plainText } from "../text.js";
import { alignColumns } from "./output.js";

/** A warning names as many cells; beyond them the list hides what the warning says to do. */
const MOST_NAMED = 8;

/** The summary as a terminal shows it: the first chart, or all of them, and the rest. ASCII where it has no UTF-8. */
export function terminalSummary(results: Results, charts: "first" | "all"): string {
  const drawn = textCharts(results, charts === "first" ? 1 : Number.POSITIVE_INFINITY);
  const text = [...drawn, summarize(results)].join("\n");
  return lacksUtf8(process.env) ? asciiText(text) : text;
}

/** The table (N x plane: median, interval, times slower than the fastest), findings, validity and warnings, as text. */
export function summarize(results: Results): string {
  const rows = tableRows(results);
  const several = new Set(rows.map(({ scenario }) => scenario)).size > 1;
  const sizeOf = (row: Row | undefined) =>
    row ? `${several ? `${plainText(row.scenario, 20)}, ` : ""}${formatSize(row)}` : "";
  const table = rows.map((row, i) => [
    sizeOf(rows[i - 1]) === sizeOf(row) ? "" : sizeOf(row),
    plainText(row.label, 40),
    row.cell.estimate ? formatNs(row.cell.estimate.median) : "–",
    formatInterval(row.cell, results),
    formatHalfWidth(row.cell.estimate),
    formatAdjusted(row.cell, results),
    formatTimes(row.timesFastest),
  ]);
  const heading = [
    "services",
    "plane",
    "median",
    intervalHeading(results),
    "±",
    ADJUSTED_HEADING.toLowerCase(),
    "vs fastest",
  ];
  const columns = [heading, ...table];
  // A column that says nothing is not shown.
  const shown = heading
    .map((_, column) => column)
    .filter((column) => table.some((row) => row[column] !== ""));
  const warnings = new Map<string, string[]>();
  for (const row of rows) {
    for (const warning of row.cell.warnings) {
      warnings.set(warning, [
        ...(warnings.get(warning) ?? []),
        `${several ? `${row.scenario}, ` : ""}${row.label} at ${formatSize(row)}`,
      ]);
    }
  }
  return [
    ...(table.length > 0
      ? [alignColumns(columns.map((row) => shown.map((column) => row[column]!))), ""]
      : []),
    ...results.findings.map((finding) => plainText(finding.sentence, 600)),
    "",
    ...kubeProxyFacts(results).map(([what, releases]) => `${what.toLowerCase()}: ${releases}`),
    ...[precision(results), orderWords(results.orderEffect)].filter((line) => line !== ""),
    ...[...warnings].map(([warning, cells]) =>
      plainText(`warning: ${warning} (${nameCells(cells, rows.length)})`, 900),
    ),
    ...runWarnings(results).map((warning) => plainText(`warning: ${warning}`, 600)),
    "",
  ].join("\n");
}

/** Cells by name as long as a line holds them, and how many of all. */
function nameCells(cells: readonly string[], all: number): string {
  if (cells.length <= MOST_NAMED) return cells.join(", ");
  return `${cells.length} of ${all} cells; --formats csv names them`;
}

/** How many cells reached the goal of sequential stopping. Empty where a fixed number of replicates was asked for. */
function precision({ run, cells }: Results): string {
  if (run.looks.length < 2) return "";
  const goal = `±${100 * run.targetHalfWidth} %`;
  const timed = cells.filter(({ counts }) => counts === null);
  const precise = timed.filter(
    ({ estimate }) => estimate?.kind === "ci95" && halfWidthOf(estimate) <= run.targetHalfWidth,
  ).length;
  const cut = timed.filter(({ stopped }) => stopped?.reason === "budget").length;
  const time = cut > 0 ? `; for ${cut} of the others the profile's time was up` : "";
  return `precision: ${precise} of ${timed.length} cells are within ${goal} of their median${time}`;
}

function orderWords(effect: OrderEffect | null): string {
  if (!effect) return "";
  const test = ({ rho, p }: { rho: number; p: number }) =>
    `rho ${rho.toFixed(2)}, p ${p < 0.001 ? "< 0.001" : p.toFixed(2)}`;
  return `order: place in a block against time ${test(effect.place)}; drift over the run ${test(effect.drift)} (Spearman)`;
}

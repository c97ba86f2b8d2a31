/** All that a run found, as text. */

import { findingSentence } from "../../analysis/finding-sentence.js";
import { clusterFacts } from "../../output/cluster-method.js";
import { kubeProxyFacts } from "../../output/method.js";
import { clusterTables } from "../../output/tables/cluster.js";
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
} from "../../output/tables/table.js";
import { asciiText, lacksUtf8, textCharts } from "../../output/terminal/text-chart.js";
import { allWarnings, qualityLines } from "../../output/warnings.js";
import type { Results } from "../../results/schema.js";
import { formatNs, plainText } from "../../text.js";
import { alignColumns } from "../output.js";

/** The whole summary as a terminal shows it: all charts or those of these ids, and the rest. ASCII where it has no UTF-8. */
export function terminalSummary(results: Results, charts?: readonly string[]): string {
  const text = [...textCharts(results, { ids: charts }), formatSummary(results)].join("\n");
  return lacksUtf8(process.env) ? asciiText(text) : text;
}

/** The table (N x plane: median, interval, times slower than the fastest), findings, validity and warnings, as text. */
export function formatSummary(results: Results): string {
  const table = summaryTable(results, tableRows(results));
  return [
    ...(table.length > 0 ? [...table, ""] : []),
    ...clusterTables(results).flatMap((rows) => [
      alignColumns(rows.map((row) => row.map((field) => plainText(field, 60)))),
      "",
    ]),
    ...results.findings.map((finding) => plainText(findingSentence(finding, results), 600)),
    "",
    ...kubeProxyFacts(results).map(([what, releases]) => `${what.toLowerCase()}: ${releases}`),
    ...clusterFacts(results).map(
      ([what, value]) => `${what.charAt(0).toLowerCase()}${what.slice(1)}: ${value}`,
    ),
    ...qualityLines(results),
    ...allWarnings(results).map((warning) => `warning: ${warning}`),
    "",
  ].join("\n");
}

/** These rows under a heading, a line each; empty without rows. */
export function summaryTable(results: Results, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const several = new Set(rows.map(({ scenario }) => scenario)).size > 1;
  const sizeOf = (row: Row | undefined) =>
    row ? `${several ? `${plainText(row.scenario, 20)}, ` : ""}${formatSize(row)}` : "";
  const table = rows.map((row, i) => [
    sizeOf(rows[i - 1]) === sizeOf(row) ? "" : sizeOf(row),
    plainText(row.label, 40),
    row.cell.estimate ? formatNs(row.cell.estimate.median) : "–",
    formatInterval(row),
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
  // A column that says nothing is not shown.
  const shown = heading
    .map((_, column) => column)
    .filter((column) => table.some((row) => row[column] !== ""));
  return alignColumns([heading, ...table].map((row) => shown.map((column) => row[column]!))).split("\n");
}

/** What a run prints when it ends: one screen, the finding first. */

import { findingHeadline, findingSentence } from "../../analysis/finding-sentence.js";
import { kubeProxyFacts } from "../../output/method.js";
import { type Row, tableRows } from "../../output/tables/table.js";
import { asciiText, lacksUtf8, textCharts } from "../../output/terminal/text-chart.js";
import { allWarnings, qualityLines } from "../../output/warnings.js";
import type { Results } from "../../results/schema.js";
import { countOf, plainText } from "../../text.js";
import { summaryTable } from "./summary.js";

/** Lines of a screen, without the path to open and the next command. */
const SCREEN_LINES = 42;
/** What the other lines leave, but a few rows at least. */
const LEAST_ROWS = 6;
const CHART_ROWS = 12;
const MOST_FINDINGS = 4;
const MOST_WARNINGS = 3;

/**
 * The first finding, the first chart, as many rows of the largest N as fit, further findings and warnings.
 *
 * @param results - of the run
 * @param out - its folder as it is shown, for the command that prints the rest
 * @returns lines of text, in ASCII where the terminal has no UTF-8
 */
export function endOfRun(results: Results, out: string): string {
  const rest = `lbscale report ${out} --formats text prints all`;
  const [first, ...others] = results.findings;
  const top = first ? [plainText(findingSentence(first, results), 600), ""] : [];
  const chart = textCharts(results, { most: 1, maxRows: CHART_ROWS }).flatMap((text) => text.split("\n"));
  const below = [
    ...bounded(
      others.map((finding) => `finding: ${plainText(findingHeadline(finding, results), 120)}`),
      MOST_FINDINGS - 1,
      "finding",
      rest,
    ),
    ...kubeProxyFacts(results).map(([what, releases]) => `${what.toLowerCase()}: ${releases}`),
    ...qualityLines(results),
    ...bounded(
      allWarnings(results).map((warning) => `warning: ${plainText(warning, 300)}`),
      MOST_WARNINGS,
      "warning",
      rest,
    ),
  ];
  const room = SCREEN_LINES - top.length - chart.length - below.length;
  const text = [...top, ...chart, ...tableThatFits(results, room, rest), ...below, ""].join("\n");
  return lacksUtf8(process.env) ? asciiText(text) : text;
}

/** The table in so many lines: all rows where they fit, else those of the largest N of each scenario, as many as fit. */
function tableThatFits(results: Results, lines: number, rest: string): string[] {
  const rows = tableRows(results);
  // The heading, the line that counts the others, and an empty one.
  const most = Math.max(LEAST_ROWS, lines - 3);
  const shown = rows.length <= most ? rows : rows.filter(isLargest(rows)).slice(0, most);
  if (shown.length === 0) return [];
  const more = rows.length - shown.length;
  return [
    ...summaryTable(results, shown),
    ...(more > 0 ? [`${countOf(more, "more row")}: ${rest}`] : []),
    "",
  ];
}

function isLargest(rows: readonly Row[]): (row: Row) => boolean {
  const largest = new Map<string, number>();
  for (const { scenario, services } of rows)
    largest.set(scenario, Math.max(services, largest.get(scenario) ?? services));
  return ({ scenario, services }) => services === largest.get(scenario);
}

/** The first lines, and how many more there are. */
function bounded(lines: readonly string[], most: number, what: string, rest: string): string[] {
  if (lines.length <= most) return [...lines];
  return [...lines.slice(0, most), `${countOf(lines.length - most, `more ${what}`)}: ${rest}`];
}

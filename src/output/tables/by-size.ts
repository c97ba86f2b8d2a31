/** A run's times as a page of a few screens: a table per scenario, with a line per plane and a column per N. */

import { formatSpan } from "../../analysis/findings/common.js";
import { formatMeasure } from "../../charts/caption-text.js";
import { captionOf } from "../../results/descriptors.js";
import type { Results } from "../../results/schema.js";
import { escapeMarkdown, formatNs } from "../../text.js";
import { formatSize, type Row, tableRows } from "./table.js";

const SUPERSCRIPTS = ["¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"] as const;

/**
 * Medians with their intervals in Markdown; why a time is missing comes below its table.
 *
 * @param results Results of a run.
 * @returns A section per scenario; `markdownTable` has a line per cell instead, and more columns.
 */
export function tablesBySize(results: Results): string {
  const rows = tableRows(results);
  return [...new Set(rows.map(({ scenario }) => scenario))]
    .map((scenario) =>
      tableOf(
        rows.filter((row) => row.scenario === scenario),
        results,
      ),
    )
    .join("\n");
}

function tableOf(rows: readonly Row[], results: Results): string {
  const [{ scenario }] = rows as [Row];
  const sizes = [...new Set(rows.map(formatSize))];
  const reasons: string[] = [];
  const lines = [...new Set(rows.map(({ label }) => label))].map((label) => {
    const ofPlane = new Map(rows.filter((row) => row.label === label).map((row) => [formatSize(row), row]));
    return [escapeMarkdown(label), ...sizes.map((size) => timeOf(ofPlane.get(size), reasons))];
  });
  const row = (fields: readonly string[]) => `| ${fields.join(" | ")} |`;
  return [
    `### ${escapeMarkdown(scenario, 30)}`,
    "",
    ...captionsOf(rows, results),
    row(["Plane", ...sizes]),
    row([":---", ...sizes.map(() => "---:")]),
    ...lines.map(row),
    "",
    ...reasons.map((reason, i) => `${markOf(i)} ${escapeMarkdown(reason)}.\n`),
  ].join("\n");
}

/** What is timed; where lanes or variants time something else each, a line for each. */
function captionsOf(rows: readonly Row[], results: Results): string[] {
  const captions = new Map<string, string>();
  for (const { scenario, cell } of rows) {
    const measure = { lane: cell.lane, scenario, variants: [cell.variant] };
    if (captionOf(results, measure) === null) continue;
    const caption = formatMeasure(measure, results);
    const words = [cell.lane, ...(cell.variant === "" ? [] : [cell.variant])].join(", ");
    if (!captions.has(caption)) captions.set(caption, words);
  }
  if (captions.size === 0) return [];
  const said = [...captions].map(([caption, of]) =>
    captions.size === 1
      ? `${escapeMarkdown(caption)}.`
      : `- ${escapeMarkdown(of)}: ${escapeMarkdown(caption)}.`,
  );
  return [...said, ""];
}

/** `87 µs (79–103 µs)`, with an asterisk for a range; a mark where there is a reason for no time. */
function timeOf(row: Row | undefined, reasons: string[]): string {
  if (row === undefined) return "";
  const { estimate, warnings } = row.cell;
  if (estimate === null) {
    const reason = warnings[0] ?? "not measured";
    if (!reasons.includes(reason)) reasons.push(reason);
    return `–${markOf(reasons.indexOf(reason))}`;
  }
  const [low, high] = estimate.interval;
  if (low === high) return formatNs(estimate.median);
  return `${formatSpan(estimate.median, estimate.interval)}${estimate.kind === "range" ? "\\*" : ""}`;
}

const markOf = (index: number): string => SUPERSCRIPTS[index] ?? `⁽${index + 1}⁾`;

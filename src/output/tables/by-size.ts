/** A run's times as a page of a few screens: a table per scenario, with a line per plane and a column per N. */

import { formatSpan } from "../../analysis/findings/common.js";
import { formatMeasure } from "../../charts/caption-text.js";
import { captionOf, outsideNote, scenarioReport } from "../../results/descriptors.js";
import type { Cell, Results } from "../../results/schema.js";
import { escapeMarkdown, formatCount, formatNs, plainText } from "../../text.js";
import { type BytesLine, bytesCells, bytesLines } from "./bytes.js";
import { formatListed } from "./listing.js";
import { formatSize, type Row, tableRows } from "./table.js";

const SUPERSCRIPTS = ["¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"] as const;
/** Where nothing was to be measured. */
const NOT_PLANNED = "·";

/** How to read the tables, in a sentence. */
export const TABLE_KEY =
  "Medians by number of Services; in brackets 95 % intervals, or ranges of fewer than six replicates (\\*). (once): measured once. Without brackets: the interval rounds to the median. in rest: part of “rest”, not timed separately. none: nothing is read back.";

/**
 * Medians with their intervals in Markdown, and bytes where these were counted; why a time is missing comes below its table.
 *
 * @param results Results of a run.
 * @returns A section per scenario; `markdownTable` has a line per cell instead, and more columns.
 */
export function tablesBySize(results: Results): string {
  const rows = tableRows(results);
  return [...new Set(results.cells.map(({ scenario }) => scenario))]
    .flatMap((scenario) => {
      const counted = bytesCells(results, scenario);
      const timed = rows.filter((row) => row.scenario === scenario);
      const section = { scenario, timed, counted, lines: bytesLines(results, counted) };
      return counted.length + timed.length === 0 ? [] : [sectionOf(section, results)];
    })
    .join("\n");
}

interface Section {
  readonly scenario: string;
  readonly timed: readonly Row[];
  /** What was counted in bytes, and the lines of it. */
  readonly counted: readonly Cell[];
  readonly lines: readonly BytesLine[];
}

function sectionOf({ scenario, timed, counted, lines }: Section, results: Results): string {
  const reasons: string[] = [];
  const sizes = [
    ...new Set([
      ...lines.flatMap(({ bytes }) => [...bytes.keys()].map(formatCount)),
      ...timed.map(formatSize),
    ]),
  ].sort((a, b) => (lines.length > 0 ? numberOf(a) - numberOf(b) : 0));
  const times = [...new Set(timed.map(({ label }) => label))].map((label) => {
    const ofPlane = new Map(timed.filter((row) => row.label === label).map((row) => [formatSize(row), row]));
    const fields = sizes.map((size) => timeOf(ofPlane.get(size), results, reasons));
    return { label, fields };
  });
  const memory = lines.map(({ label, plane, bytes }) => {
    const bySize = new Map([...bytes].map(([services, text]) => [formatCount(services), text]));
    const failed = times.find((line) => line.label === plane)?.fields;
    return { label, fields: sizes.map((size, i) => bySize.get(size) ?? failed?.[i]) };
  });
  const isCounted = (label: string): boolean => lines.some((line) => line.plane === label);
  const all = [...memory, ...times.filter(({ label }) => !isCounted(label))];
  const isSparse = all.some(({ fields }) => fields.includes(undefined));
  const row = (fields: readonly string[]) => `| ${fields.join(" | ")} |`;
  return [
    `### ${escapeMarkdown(scenario, 30)}`,
    "",
    ...captionsOf(scenario, [...counted, ...timed.map(({ cell }) => cell)], results),
    row(["Plane", ...sizes]),
    row([":---", ...sizes.map(() => "---:")]),
    ...all.map(({ label, fields }) =>
      row([escapeMarkdown(label), ...fields.map((field) => field ?? NOT_PLANNED)]),
    ),
    "",
    ...reasons.map((reason, i) => `${markOf(i)} ${escapeMarkdown(reason)}.\n`),
    ...(isSparse ? [`${NOT_PLANNED} not planned at this N.\n`] : []),
  ].join("\n");
}

const numberOf = (size: string): number => Number(size.replaceAll(",", ""));

/** What is timed; where lanes or variants time something else each, a line for each. And whose flows enter elsewhere. */
function captionsOf(scenario: string, cells: readonly Cell[], results: Results): string[] {
  const captions = new Map<string, string>();
  for (const { lane, variant } of cells) {
    const measure = { lane, scenario, variants: [variant] };
    if (captionOf(results, measure) === null) continue;
    const caption = formatMeasure(measure, results);
    const words = [lane, ...(variant === "" ? [] : [variant])].join(", ");
    const known = captions.get(caption);
    if (known === undefined) captions.set(caption, words);
    else if (!known.includes(lane)) captions.set(caption, `${known} and ${words}`);
  }
  const outside = outsideNote(results, cells);
  const label = scenarioReport(results, scenario)?.label;
  if (captions.size === 0 && label !== undefined) captions.set(plainText(label, 200), "");
  const said = [...captions].map(([caption, of]) =>
    captions.size === 1
      ? `${escapeMarkdown(caption)}.`
      : `- ${escapeMarkdown(of)}: ${escapeMarkdown(caption)}.`,
  );
  if (outside !== false) said.push(...(captions.size > 1 ? [""] : []), `${escapeMarkdown(outside)}.`);
  return said.length === 0 ? [] : [...said, ""];
}

/** `87 µs (79–103 µs)`, with an asterisk for a range; a mark where there is a reason for no time. */
function timeOf(row: Row | undefined, results: Results, reasons: string[]): string | undefined {
  if (row === undefined) return undefined;
  const { estimate, warnings, replicates } = row.cell;
  if (estimate === null) {
    const reason = warnings[0] ?? "not measured";
    if (!reasons.includes(reason)) reasons.push(reason);
    return `–${markOf(reasons.indexOf(reason))}`;
  }
  const listed = formatListed(row.cell, results);
  if (listed !== null) return listed;
  if (replicates.length === 1) return `${formatNs(estimate.median)} (once)`;
  const [low, high] = estimate.interval;
  if (low === high) return formatNs(estimate.median);
  return `${formatSpan(estimate.median, estimate.interval)}${estimate.kind === "range" ? "\\*" : ""}`;
}

const markOf = (index: number): string => SUPERSCRIPTS[index] ?? `⁽${index + 1}⁾`;

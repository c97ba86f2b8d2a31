/** A run's numbers as a table: the one form of them that every text output shares. */

import { seriesStyle } from "../../charts/theme.js";
import { comparePlanes } from "../../results/descriptors.js";
import { halfWidthOf } from "../../results/estimate.js";
import type { Cell, Estimate, Results } from "../../results/schema.js";
import { minOf } from "../../stats/extent.js";
import { median } from "../../stats/quantile.js";
import { csvField, escapeMarkdown, formatCount, formatNs, plainText } from "../../text.js";
import { formatListed } from "./listing.js";

export const ADJUSTED_HEADING = "At typical memory speed";

/** All of bench's variants whole: `writing, in the kernel`. */
const MAX_VARIANT = 40;

export interface Row {
  readonly scenario: string;
  readonly services: number;
  readonly plane: string;
  /** The plane's name, with what the scenario varies. */
  readonly label: string;
  readonly cell: Cell;
  /** Whether some cells of the run have ranges and others intervals. */
  readonly isMixed: boolean;
  /** How many times the fastest plane's median under the same conditions; null without an estimate. */
  readonly timesFastest: number | null;
}

/** Rows by scenario in the order they were measured, then N, E, variant and plane. */
export function tableRows(results: Results): Row[] {
  const scenarios = [...new Set(results.cells.map((cell) => cell.scenario))];
  const compare = comparePlanes(results);
  const cells = timedCells(results).sort(
    (a, b) =>
      scenarios.indexOf(a.scenario) - scenarios.indexOf(b.scenario) ||
      a.services - b.services ||
      a.endpoints - b.endpoints ||
      a.lane.localeCompare(b.lane) ||
      a.variant.localeCompare(b.variant) ||
      compare(a.plane, b.plane),
  );
  const conditions = ({ lane, scenario, services, endpoints, variant }: Cell) =>
    JSON.stringify([lane, scenario, services, endpoints, variant]);
  const lanes = new Set(cells.map(({ lane }) => lane)).size;
  const inBrackets = ({ lane, variant }: Cell) =>
    [...(lanes > 1 ? [lane] : []), ...(variant === "" ? [] : [plainText(variant, MAX_VARIANT)])].join(", ");
  const alike = new Map<string, number[]>();
  for (const cell of cells) {
    const medians = alike.get(conditions(cell)) ?? [];
    if (cell.estimate) medians.push(cell.estimate.median);
    alike.set(conditions(cell), medians);
  }
  const kinds = kindsOf(results);
  const isMixed = kinds.has("range") && kinds.has("ci95");
  return cells.map((cell) => ({
    isMixed,
    scenario: cell.scenario,
    services: cell.services,
    plane: cell.plane,
    label: `${seriesStyle(results, cell.plane, "light").label}${inBrackets(cell) === "" ? "" : ` (${inBrackets(cell)})`}`,
    cell,
    timesFastest: timesOf(cell, alike.get(conditions(cell))!),
  }));
}

/**
 * Cells that have a time, or a reason why not. What has neither and is counted elsewhere in the run is left out: the kernel's
 * memory of a small program, say, which its noise hides.
 */
export function timedCells({ cells }: Results): Cell[] {
  const counted = new Set(cells.flatMap(({ scenario, counts }) => (counts === null ? [] : [scenario])));
  return cells.filter(
    ({ scenario, counts, estimate, warnings }) =>
      estimate !== null || (counts === null && (warnings.length > 0 || !counted.has(scenario))),
  );
}

/** null without an estimate, where no other was measured alike, and where the fastest takes no time at all. */
function timesOf({ estimate }: Cell, alike: readonly number[]): number | null {
  const fastest = minOf(alike);
  return estimate && alike.length > 1 && fastest > 0 ? estimate.median / fastest : null;
}

/** N of a row, and E where the scenario varies it: `1,000`, `100 × 10`. */
export function formatSize({ scenario, services, cell }: Row): string {
  return scenario === "endpoints"
    ? `${formatCount(services)} × ${formatCount(cell.endpoints)}`
    : formatCount(services);
}

/** `[31 ns, 34 ns]`; empty without an estimate. A range among intervals is called one. */
export function formatInterval({ cell, isMixed }: Pick<Row, "cell" | "isMixed">): string {
  if (!cell.estimate || hasNoSpread(cell.estimate)) return "";
  const said = `[${cell.estimate.interval.map(formatNs).join(", ")}]`;
  return cell.estimate.kind === "range" && isMixed ? `range ${said}` : said;
}

const kindsOf = ({ cells }: Results) => new Set(cells.flatMap((cell) => cell.estimate?.kind ?? []));

/** Whether it comes from one number, so that its spread is unknown, not zero. */
function hasNoSpread({
  median: middle,
  interval: [low, high],
}: Pick<Estimate, "median" | "interval">): boolean {
  return low === middle && high === middle;
}

/** Half the interval as a share of the median: `±3.2 %`. Empty without an estimate. */
export function formatHalfWidth(estimate: Pick<Estimate, "median" | "interval"> | null): string {
  if (!estimate || estimate.median === 0 || hasNoSpread(estimate)) return "";
  const share = 100 * halfWidthOf(estimate);
  return `±${share < 10 ? share.toFixed(1) : Math.round(share)} %`;
}

/**
 * The estimate at the run's median speed of memory and what that did to its interval: `762 ns ±25 %`. Empty for cells
 * that are precise without, or whose program fits a core's own caches.
 */
export function formatAdjusted(cell: Cell, results: Results): string {
  const { adjusted, estimate } = cell;
  if (!adjusted || !estimate || halfWidthOf(estimate) <= results.run.targetHalfWidth) return "";
  return `${formatNs(adjusted.median)} ${formatHalfWidth(adjusted)}`;
}

/** What the interval column holds in this run. */
export function intervalHeading(results: Results): string {
  const kinds = kindsOf(results);
  return kinds.has("range") && !kinds.has("ci95") ? rangeHeading(results) : "95 % interval";
}

/** Cells of different scenarios may have different numbers of replicates; one alone has no range. */
function rangeHeading({ cells }: Results): string {
  const counts = new Set(cells.filter(({ estimate }) => estimate).map(({ replicates }) => replicates.length));
  if (counts.size === 1 && counts.has(1)) return "interval";
  return counts.size === 1 ? `range of ${[...counts][0]}` : "range";
}

/** Text of a factor: `×1`, `×2.4`, `×1,230`. */
export function formatTimes(times: number | null): string {
  return times === null ? "" : `×${formatCount(Number(times.toPrecision(times < 10 ? 2 : 3)))}`;
}

/** The headings of the table. */
export function tableHeadings(results: Results): string[] {
  const interval = intervalHeading(results);
  return ["Scenario", "Services", "Plane", "Median", interval, "±", ADJUSTED_HEADING, "Times the fastest"];
}

/** A row of the table as text, not escaped. */
export function tableFields(row: Row, results: Results): string[] {
  const { scenario, label, cell, timesFastest } = row;
  return [
    plainText(scenario, 30),
    formatSize(row),
    label,
    medianOf(cell, results),
    formatInterval(row),
    formatHalfWidth(cell.estimate),
    formatAdjusted(cell, results),
    formatTimes(timesFastest),
  ];
}

function medianOf(cell: Cell, results: Results): string {
  if (!cell.estimate) return plainText(cell.warnings[0] ?? "not measured", 200);
  return formatListed(cell, results) ?? formatNs(cell.estimate.median);
}

/** The columns that hold text out of results: scenario, plane, and warnings where the median would stand. */
const FROM_RESULTS: ReadonlySet<number> = new Set([0, 2, 3]);

/**
 * The table in Markdown.
 *
 * @param results Results of a run.
 * @returns A table with one line per cell.
 * @example
 * ```ts
 * import { markdownTable, readResults } from "lbscale/results";
 *
 * console.log(markdownTable(readResults("results/default")));
 * ```
 */
export function markdownTable(results: Results): string {
  return [
    tableHeadings(results).join(" | "),
    ":--- | ---: | :--- | ---: | :--- | ---: | ---: | ---:",
    ...tableRows(results).map((row) =>
      tableFields(row, results)
        .map((field, column) => (FROM_RESULTS.has(column) ? escapeMarkdown(field) : field))
        .join(" | "),
    ),
    "",
  ].join("\n");
}

/** Exact counts as CSV, a line each; null where nothing was counted. */
export function countsCsv(results: Results): string | null {
  const lines = results.cells.flatMap((cell) =>
    Object.entries(cell.counts ?? {}).map(([count, value]) => [
      cell.plane,
      cell.lane,
      cell.scenario,
      cell.services,
      cell.endpoints,
      cell.variant,
      count,
      value,
    ]),
  );
  if (lines.length === 0) return null;
  const header = ["plane", "lane", "scenario", "services", "endpoints", "variant", "count", "value"];
  return [header, ...lines]
    .map(
      (fields) =>
        `${fields.map((field) => csvField(typeof field === "string" ? plainText(field, 200) : field)).join(",")}\r\n`,
    )
    .join("");
}

/**
 * The table as CSV (RFC 4180), times in nanoseconds, unrounded.
 *
 * @param results Results of a run.
 * @returns A header and one line per cell.
 * @example
 * ```ts
 * import { csvTable, readResults } from "lbscale/results";
 *
 * console.log(csvTable(readResults("results/default")).split("\n")[0]);
 * ```
 */
export function csvTable(results: Results): string {
  const header = [
    "plane",
    "lane",
    "scenario",
    "services",
    "endpoints",
    "variant",
    "median_ns",
    "low_ns",
    "high_ns",
    "interval",
    "adjusted_median_ns",
    "adjusted_low_ns",
    "adjusted_high_ns",
    "p01_ns",
    "p50_ns",
    "p90_ns",
    "p99_ns",
    "p999_ns",
    "noise_floor_ns",
    "unsteady_replicates",
    "replicates",
    "rules_visited",
    "map_lookups",
    "hash_probes",
    "program_bytes",
    "warnings",
  ];
  const lines = tableRows(results).map(({ cell }) =>
    [
      cell.plane,
      cell.lane,
      cell.scenario,
      cell.services,
      cell.endpoints,
      cell.variant,
      cell.estimate?.median ?? null,
      cell.estimate?.interval[0] ?? null,
      cell.estimate?.interval[1] ?? null,
      cell.estimate?.kind ?? null,
      cell.adjusted?.median ?? null,
      cell.adjusted?.interval[0] ?? null,
      cell.adjusted?.interval[1] ?? null,
      cell.percentiles?.p01.value ?? null,
      cell.percentiles?.p50.value ?? null,
      cell.percentiles?.p90.value ?? null,
      cell.percentiles?.p99.value ?? null,
      cell.percentiles?.p999?.value ?? null,
      cell.replicates.length > 0 ? median(cell.replicates.map(({ floorNs }) => floorNs)) : null,
      cell.unsteady,
      cell.replicates.length,
      cell.work?.rulesVisited ?? null,
      cell.work?.mapLookups ?? null,
      cell.work?.hashProbes ?? null,
      cell.programBytes,
      cell.warnings.join("; "),
    ].map((field) => csvField(typeof field === "string" ? plainText(field, 500) : field)),
  );
  return [header, ...lines].map((fields) => `${fields.join(",")}\r\n`).join("");
}

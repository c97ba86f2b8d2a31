/** A run's numbers as a table: the one form of them that every text output shares. */

import { halfWidthOf } from "../results/estimate.js";
import type { Cell, Estimate, Results } from "../results/schema.js";
import { median } from "../stats/quantile.js";
import { csvField, escapeMarkdown, formatCount, formatNs, plainText } from "./format.js";
import { comparePlanes, seriesStyle } from "./theme.js";

export const ADJUSTED_HEADING = "At typical memory speed";

export interface Row {
  readonly services: number;
  readonly plane: string;
  readonly label: string;
  readonly cell: Cell;
  /** How many times the fastest plane's median at this N; null without an estimate. */
  readonly timesFastest: number | null;
}

/** Rows by N, then plane. */
export function tableRows(results: Results): Row[] {
  const sizes = [...new Set(results.cells.map((cell) => cell.services))].sort((a, b) => a - b);
  return sizes.flatMap((services) => {
    const cells = results.cells
      .filter((cell) => cell.services === services)
      .sort((a, b) => comparePlanes(a.plane, b.plane));
    const fastest = Math.min(...cells.map((cell) => cell.estimate?.median ?? Number.POSITIVE_INFINITY));
    return cells.map((cell) => ({
      services,
      plane: cell.plane,
      label: seriesStyle(cell.plane, "light").label,
      cell,
      timesFastest: cell.estimate ? cell.estimate.median / fastest : null,
    }));
  });
}

/** `[31 ns, 34 ns]`; empty without an estimate. */
export function formatInterval(cell: Cell): string {
  return cell.estimate ? `[${cell.estimate.interval.map(formatNs).join(", ")}]` : "";
}

/** Half the interval as a share of the median: `±3.2 %`. Empty without an estimate. */
export function formatHalfWidth(estimate: Pick<Estimate, "median" | "interval"> | null): string {
  if (!estimate) return "";
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
  const kinds = new Set(results.cells.flatMap((cell) => cell.estimate?.kind ?? []));
  return kinds.has("range") ? `range of ${results.run.replicates.least}` : "95 % interval";
}

/** Text of a factor: `×1`, `×2.4`, `×1,230`. */
export function formatTimes(times: number | null): string {
  return times === null ? "" : `×${formatCount(Number(times.toPrecision(times < 10 ? 2 : 3)))}`;
}

/** The table in Markdown. */
export function markdownTable(results: Results): string {
  const lines = tableRows(results).map(({ services, label, cell, timesFastest }) =>
    [
      formatCount(services),
      escapeMarkdown(label),
      cell.estimate ? formatNs(cell.estimate.median) : escapeMarkdown(cell.warnings[0] ?? "not measured"),
      formatInterval(cell),
      formatHalfWidth(cell.estimate),
      formatAdjusted(cell, results),
      formatTimes(timesFastest),
    ].join(" | "),
  );
  return [
    `Services | Plane | Median | ${intervalHeading(results)} | ± | ${ADJUSTED_HEADING} | Times the fastest`,
    "---: | :--- | ---: | :--- | ---: | ---: | ---:",
    ...lines,
    "",
  ].join("\n");
}

/** The table as CSV (RFC 4180), times in nanoseconds, unrounded. */
export function csvTable(results: Results): string {
  const header = [
    "plane",
    "lane",
    "scenario",
    "services",
    "endpoints",
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
      cell.percentiles?.p999.value ?? null,
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

/** What a live cluster's connections and changes took, as tables of text: a heading, then a line for each cell. */

import { formatHundredths } from "../../analysis/findings/common.js";
import type { Cell, Percentiles, Results } from "../../results/schema.js";
import { REPLICATES_FOR_INTERVAL } from "../../stats/bootstrap.js";
import { formatNs } from "../../text.js";
import { isLive } from "../cluster-method.js";
import { formatSize, tableRows } from "./table.js";

/** Nothing to show. */
const NONE = "–";
const SHOWN = { p50: "p50", p90: "p90", p99: "p99", p999: "p99.9" } as const;
type Shown = keyof typeof SHOWN;
const NAMES = Object.keys(SHOWN) as Shown[];
/** Of so many changes, one is slower than p90. */
const CHANGES_FOR_P90 = 10;

/** A run's tables, those of nodes last; without a line none is there. */
export function clusterTables(results: Results): string[][][] {
  return [
    percentileTable(results),
    relativeTable(results),
    changeTable(results),
    ...nodeTables(results),
  ].filter((rows) => rows.length > 0);
}

/** Percentiles of connections with their 95 % intervals. */
function percentileTable(results: Results): string[][] {
  return tableOf(results, ["percentiles", ...Object.values(SHOWN)], ({ percentiles, facts }) =>
    percentiles === null || facts.slowestNs !== undefined
      ? null
      : NAMES.map((name) => timeOf(percentiles[name])),
  );
}

/** The same relative to interleaved connections to endpoints. */
export function relativeTable(results: Results): string[][] {
  const heading = "relative to endpoint directly";
  return tableOf(results, [heading, ...Object.values(SHOWN)], ({ relativeToBaseline: times }) =>
    times === undefined
      ? null
      : NAMES.map((name) => {
          const found = times[name];
          return found === null ? NONE : formatHundredths(found);
        }),
  );
}

/** Changes: p50 and p90 with their intervals, where there are enough changes, and the slowest. */
function changeTable(results: Results): string[][] {
  return tableOf(results, ["changes", "p50", "p90", "slowest"], ({ percentiles, facts, replicates }) => {
    if (percentiles === null || typeof facts.slowestNs !== "number") return null;
    const isRange = replicates.length < REPLICATES_FOR_INTERVAL;
    return [
      timeOf(percentiles.p50, isRange),
      replicates.length < CHANGES_FOR_P90 ? NONE : timeOf(percentiles.p90),
      formatNs(facts.slowestNs),
    ];
  });
}

function timeOf(percentile: Percentiles["p999"], isRange = false): string {
  if (percentile === null) return NONE;
  const ends = percentile.interval.map(formatNs).join(", ");
  return `${formatNs(percentile.value)} [${isRange ? "range " : ""}${ends}]`;
}

/** A line for each live cell that has something to say. */
function tableOf(
  results: Results,
  [heading = "", ...columns]: readonly string[],
  say: (cell: Cell) => readonly string[] | null,
): string[][] {
  const lines = tableRows(results).flatMap((row) => {
    const said = isLive(row.cell) ? say(row.cell) : null;
    return said === null ? [] : [[`${row.scenario}, ${formatSize(row)}`, row.label, ...said]];
  });
  return lines.length === 0 ? [] : [[heading, "plane", ...columns], ...lines];
}

/** Tables of nodes, by the statistic of a node that only such a cell has. */
const NODE_TABLES = [
  { heading: "connections by node", statistics: ["p01", "p50", "p90", "p99", "p999"], own: "p99" },
  { heading: "changes by node", statistics: ["p50", "p90", "slowest"], own: "slowest" },
] as const;

/**
 * What each of several nodes took, under headings; empty where there is one node. Of changes also the last node, by which they
 * work in the whole cluster.
 */
export function nodeTables(results: Results): string[][][] {
  return NODE_TABLES.map(({ heading, statistics, own }) => {
    const rows = tableRows(results).flatMap((row) => {
      const { facts, percentiles, variant } = row.cell;
      const nodes = Object.keys(facts).flatMap((name) =>
        name.endsWith(` ${own} ns`) ? [name.slice(0, -` ${own} ns`.length)] : [],
      );
      if (!isLive(row.cell) || nodes.length < 2) return [];
      const what = `${row.scenario}, ${formatSize(row)}`;
      const time = (value: unknown) => (typeof value === "number" ? formatNs(value) : NONE);
      const isLast = variant.includes("every node");
      const shown = isLast
        ? [["the last", percentiles?.p50.value, percentiles?.p90.value, facts.slowestNs]]
        : nodes.map((node) => [node, ...statistics.map((statistic) => facts[`${node} ${statistic} ns`])]);
      return shown.map(([node, ...times]) => [what, row.label, String(node), ...times.map(time)]);
    });
    const names = statistics.map((statistic) => (statistic === "p999" ? SHOWN.p999 : statistic));
    return rows.length === 0 ? [] : [[heading, "plane", "node", ...names], ...rows];
  }).filter((table) => table.length > 0);
}

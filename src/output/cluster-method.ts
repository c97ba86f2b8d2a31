/** How a live cluster was measured, in words: what is below can't be told from the measuring itself. */

import { formatHundredths } from "../charts/caption-text.js";
import { otherServices } from "../results/live-nodes.js";
import type { Cell, Percentiles, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount, formatNs } from "../text.js";
import { formatSize, tableRows } from "./tables/table.js";

export const isLive = ({ lane }: Pick<Cell, "lane">): boolean => lane === "cluster";

/** The method in a few sentences; empty where no cell is of a live cluster. */
export function clusterSentences(results: Results): string[] {
  const { equivalence } = results;
  const live = selectCells(results, { lane: "cluster" });
  if (live.length === 0) return [];
  const changes = live.some(({ facts }) => facts.clockErrorNs !== undefined);
  const connections = live.some(({ facts }) => facts.loopbackP50Ns !== undefined);
  return [
    ...(connections
      ? [
          `In a live cluster, a probe on each node connected to Services and to their endpoints directly, in random order. Each answer names its endpoint: ${formatCount(equivalence.flows)} connections were answered, ${equivalence.disagreements === 0 ? "every one by an endpoint of its Service" : `${formatCount(equivalence.disagreements)} by an endpoint of another Service`}. A number is the median over the rounds of all probes.`,
        ]
      : []),
    ...(changes
      ? [
          "Changes were made through the API and watched on each node. The command's clock and the pods' were compared before and after by 50 round trips each; half the shortest is their error, and each time is right to that. A number is the median over changes, each with the times of all nodes.",
        ]
      : []),
  ];
}

/** What the probes said of themselves. */
export function clusterFacts(results: Results): [string, string][] {
  const live = selectCells(results, { lane: "cluster" });
  const facts: [string, string | null][] = [
    ["Noise floor of connections (the same within one pod, median)", times(live, "loopbackP50Ns")],
    ["The probe's clock", clockOf(live)],
    ["Error of the clocks compared, at most", times(live, "clockErrorNs")],
    ["Creating the Services of a sync, first request to last answer", times(live, "creationNs")],
    ["Other Services of the cluster, which N does not count", range(otherServices(live), formatCount)],
    ["Connections per second and node", numbers(live, "connectionsPerSecondAndNode", formatCount)],
    ["Cores used by a probe", numbers(live, "probeCores", String)],
  ];
  return facts.flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, value]]));
}

function clockOf(cells: readonly Cell[]): string | null {
  const [step, reading] = [times(cells, "clockResolutionNs"), times(cells, "clockReadingNs")];
  return step === null || reading === null ? null : `steps of ${step}, ${reading} per reading`;
}

const times = (cells: readonly Cell[], fact: string): string | null => numbers(cells, fact, formatNs);

/** From the smallest to the largest of one fact. */
function numbers(cells: readonly Cell[], fact: string, format: (value: number) => string): string | null {
  return range(
    cells.map(({ facts }) => facts[fact]).filter((value) => typeof value === "number"),
    format,
  );
}

function range(values: readonly number[], format: (value: number) => string): string | null {
  if (values.length === 0) return null;
  const [low, high] = [format(minOf(values)), format(maxOf(values))];
  return low === high ? low : `${low} to ${high}`;
}

const SHOWN = { p50: "p50", p90: "p90", p99: "p99", p999: "p99.9" } as const;

type Shown = keyof typeof SHOWN;
const NAMES = Object.keys(SHOWN) as Shown[];

/** Percentiles of connections in a live cluster with their 95 % intervals, under a heading; empty where there are none. */
export function percentileTable(results: Results): string[][] {
  const headings = ["percentiles", "plane", ...Object.values(SHOWN)];
  return tableOf(results, headings, ({ percentiles }, name) => {
    const found: Percentiles["p999"] = percentiles?.[name] ?? null;
    return found && `${formatNs(found.value)} [${found.interval.map(formatNs).join(", ")}]`;
  });
}

/** The same as multiples of the endpoint's own, of connections that took turns. */
export function timesBaselineTable(results: Results): string[][] {
  const headings = ["times an endpoint directly", "plane", ...Object.values(SHOWN)];
  return tableOf(results, headings, ({ timesBaseline }, name) => {
    const found = timesBaseline?.[name] ?? null;
    return found && formatHundredths(found);
  });
}

/** A line for each live cell of which `say` says something. */
function tableOf(
  results: Results,
  headings: string[],
  say: (cell: Cell, name: Shown) => string | null,
): string[][] {
  const lines = tableRows(results)
    .filter(({ cell }) => isLive(cell))
    .map((row) => ({ row, said: NAMES.map((name) => say(row.cell, name)) }))
    .filter(({ said }) => said.some((text) => text !== null));
  if (lines.length === 0) return [];
  return [
    headings,
    ...lines.map(({ row, said }) => [
      `${row.scenario}, ${formatSize(row)}`,
      row.label,
      ...said.map((text) => text ?? "–"),
    ]),
  ];
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
      const time = (value: unknown) => (typeof value === "number" ? formatNs(value) : "–");
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

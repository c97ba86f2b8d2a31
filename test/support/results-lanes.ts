/** More of results that never happened: single lookups, and the kernel lane. For tests of reports only. */

import { Random } from "../../src/random.js";
import { planeReport } from "../../src/results/descriptors.js";
import type { Cell, Percentiles, Results } from "../../src/results/schema.js";
import { fakeResults } from "./results.js";

/** Gives lookups that take as long as 20 readings of the clock (or `leastNs`) single lookups and percentiles. */
export function withSingles(results: Results, leastNs = 800): Results {
  for (const cell of results.cells) {
    if (cell.scenario !== "lookup" || cell.estimate === null || cell.estimate.median < leastNs) continue;
    const listed = cell.plane.startsWith("iptables");
    for (const replicate of cell.replicates) {
      const random = Random.fromSeed(replicate.order, `${cell.plane} ${cell.services}`);
      const places = Array.from({ length: 200 }, () => (listed ? random.below(cell.services) : 0));
      replicate.singles = {
        ns: places.map((place) =>
          Math.max(
            1,
            Math.round(
              replicate.median *
                (listed ? 0.05 + (2 * place) / cell.services : 1) *
                (1 + 0.1 * random.normal() ** 2),
            ),
          ),
        ),
        visited: places.map((place) => (listed ? place + 6 + random.below(4) : 3 + random.below(5))),
      };
    }
    cell.percentiles = fakePercentiles(cell);
    cell.percentilesReason = null;
  }
  return results;
}

function fakePercentiles(cell: Cell): Percentiles {
  const sorted = cell.replicates.flatMap(({ singles }) => singles!.ns).sort((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.floor(share * (sorted.length - 1))]!;
    return { value, interval: [0.95 * value, 1.06 * value] as [number, number] };
  };
  return { lookups: sorted.length, p01: at(0.01), p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: null };
}

/** Adds the kernel lane: connecting takes 25 µs more than the model's lookup, and twice what that grows by. And a guest's. */
export function withKernel(results: Results): Results {
  const lookups = results.cells.filter(({ scenario }) => scenario === "lookup");
  for (const cell of lookups) {
    results.cells.push(connecting(cell, "kernel", 25_000));
    if (["iptables", "ipvs"].includes(cell.plane)) results.cells.push(connecting(cell, "guest", 130_000));
  }
  for (const cell of [...results.cells]) {
    if (cell.lane === "kernel") results.cells.push(...changing(cell), holding(cell));
  }
  return results;
}

/** An endpoint change: 1 ms of a tool's start, and 100 µs for each rule that is written; whole, six times as much. */
function changing(cell: Cell): Cell[] {
  const change = (variant: string, times: number): Cell => {
    const written = cell.plane === "iptables" ? 100_000 * cell.services : 10_000_000;
    const median = 1_000_000 + times * written;
    const interval: [number, number] = [0.9 * median, 1.15 * median];
    return {
      ...cell,
      scenario: "update",
      variant,
      percentiles: null,
      work: null,
      estimate: cell.estimate && { ...cell.estimate, median, interval },
      replicates: [],
    };
  };
  return [change("", 1), ...(cell.plane === "iptables" && cell.services <= 1000 ? [change("full", 6)] : [])];
}

function holding(cell: Cell): Cell {
  const counts = { bytes: 20_000 + (cell.plane.startsWith("ebpf") ? 17_000_000 : 4960 * cell.services) };
  return {
    ...cell,
    scenario: "memory",
    estimate: null,
    percentiles: null,
    work: null,
    replicates: [],
    counts,
  };
}

function connecting(cell: Cell, lane: Cell["lane"], directNs: number): Cell {
  const slower = (ns: number) => directNs + 2 * ns;
  const connected: Cell = {
    ...cell,
    lane,
    scenario: "connect",
    estimate: cell.estimate && {
      ...cell.estimate,
      median: slower(cell.estimate.median),
      interval: [slower(cell.estimate.interval[0]), slower(cell.estimate.interval[1])],
    },
    facts: { kernel: lane === "guest" ? "6.1.0" : "6.8.0" },
    replicates: cell.replicates.map((replicate) => ({
      ...replicate,
      singles: replicate.singles && { ...replicate.singles, ns: replicate.singles.ns.map(slower) },
    })),
  };
  return { ...connected, percentiles: cell.percentiles && fakePercentiles(connected) };
}

/** Connections in a live cluster, through nftables and to endpoints directly: 20,000 of each, one in ten slower. */
export function withCluster(services = [1, 100, 1000]): Results {
  const results = withCells(
    services.flatMap((n) => [
      ["cluster", "connect", "nftables", n, 60_000 + 6 * n] as const,
      ["cluster", "connect", "direct", n, 45_000] as const,
    ]),
  );
  const words = { label: "endpoint directly", shortLabel: "endpoint", columnLabel: "endpoint directly" };
  results.planes = { ...results.planes, direct: { ...planeReport(results, "direct"), ...words } };
  for (const cell of results.cells) {
    const random = Random.fromSeed(cell.services, cell.plane);
    const ns = Array.from({ length: 20_000 }, () => {
      const rare = random.below(10) === 0 ? 1 + Math.abs(random.normal()) : 1;
      return Math.round(cell.estimate!.median * rare * Math.exp(0.15 * random.normal()));
    });
    cell.replicates = [{ ...cell.replicates[0]!, singles: { ns, visited: [] } }];
    cell.facts = { servicesInCluster: cell.services + 7, clockResolutionNs: 1, clockReadingNs: 25 };
    const percentiles = fakePercentiles(cell);
    const tail = ns.toSorted((a, b) => a - b)[19_980]!;
    cell.percentiles = { ...percentiles, p999: { value: tail, interval: [0.9 * tail, 1.15 * tail] } };
    cell.percentilesReason = null;
  }
  return results;
}

/** Results of cells with given medians, ±10 %, and rules visited. */
export function withCells(
  rows: readonly (readonly [Cell["lane"], string, string, number, number, number?])[],
): Results {
  const results = fakeResults();
  const pattern = results.cells.find(({ estimate }) => estimate !== null)!;
  const cells = rows.map(
    ([lane, scenario, plane, services, median, rules = 0]): Cell => ({
      ...pattern,
      lane,
      scenario,
      plane,
      services,
      variant: "",
      estimate: { median, interval: [0.9 * median, 1.1 * median], kind: "ci95" },
      work: { ...pattern.work!, rulesVisited: rules },
    }),
  );
  return { ...results, cells };
}

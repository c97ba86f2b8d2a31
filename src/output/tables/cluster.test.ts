import { expect, it } from "vitest";
import { fakeResults } from "../../../test/support/results.js";
import type { Cell } from "../../results/schema.js";
import { clusterTables, nodeTables, relativeTable } from "./cluster.js";

it("connections and changes of a cluster are listed apart, changes with the slowest, and without a p90 of a few", () => {
  const results = fakeResults();
  const cell = results.cells.find(({ estimate }) => estimate !== null)!;
  const percentile = (value: number) => ({ value, interval: [value, value] as [number, number] });
  const [p01, p50, p90, p99] = [1e6, 2e6, 3e6, 4e6].map(percentile);
  const cellOf = (scenario: string, lookups: number, facts: Cell["facts"]): Cell => ({
    ...{ ...cell, lane: "cluster", scenario, services: 10, facts },
    percentiles: { lookups, p01: p01!, p50: p50!, p90: p90!, p99: p99!, p999: null },
  });
  const cells = [
    cellOf("connect", 60_000, {}),
    cellOf("programming", 20, { slowestNs: 5e6 }),
    // On four nodes.
    cellOf("sync", 12, { slowestNs: 5e6 }),
  ];
  const [replicate] = cell.replicates;
  for (const [i, changes] of [1, 20, 3].entries()) cells[i]!.replicates = Array(changes).fill(replicate);
  const [connections, changes, ...others] = clusterTables({ ...results, cells });
  expect(connections?.map((row) => row.filter((_, i) => i !== 1))).toEqual([
    ["percentiles", "p50", "p90", "p99", "p99.9"],
    ["connect, 10", "2 ms [2 ms, 2 ms]", "3 ms [3 ms, 3 ms]", "4 ms [4 ms, 4 ms]", "–"],
  ]);
  expect(changes?.map((row) => row.filter((_, i) => i !== 1))).toEqual([
    ["changes", "p50", "p90", "slowest"],
    ["programming, 10", "2 ms [2 ms, 2 ms]", "3 ms [3 ms, 3 ms]", "5 ms"],
    ["sync, 10", "2 ms [range 2 ms, 2 ms]", "–", "5 ms"],
  ]);
  expect(others).toEqual([]);
});

it("changes of a cluster are described for each node, and for the last one, where there are several", () => {
  const results = fakeResults();
  const cell = results.cells.find(({ estimate }) => estimate !== null)!;
  const slow = { "node 2 p50 ns": 4e6, "node 2 p90 ns": 5e6, "node 2 slowest ns": 6e6 };
  const facts = { "node 1 p50 ns": 1e6, "node 1 p90 ns": 2e6, "node 1 slowest ns": 3e6 };
  const live = { ...cell, lane: "cluster" as const, scenario: "programming", services: 10 };
  const percentile = (value: number) => ({ value, interval: [value, value] as [number, number] });
  const [p01, p50, p90, p99] = [4e6, 4e6, 5e6, 6e6].map(percentile);
  const last = {
    ...{ ...live, variant: "every node", facts: { ...facts, ...slow, slowestNs: 6e6 } },
    percentiles: { lookups: 20, p01: p01!, p50: p50!, p90: p90!, p99: p99!, p999: null },
  };
  const both = { ...live, facts: { ...facts, ...slow } };
  const [table] = nodeTables({ ...results, cells: [both, last] });
  const [heading, ...rows] = table!;
  expect(heading?.slice(2)).toEqual(["node", "p50", "p90", "slowest"]);
  expect(rows.map((row) => row.slice(2))).toEqual([
    ["node 1", "1 ms", "2 ms", "3 ms"],
    ["node 2", "4 ms", "5 ms", "6 ms"],
    ["the last", "4 ms", "5 ms", "6 ms"],
  ]);
  expect(nodeTables({ ...results, cells: [{ ...live, facts }] })).toEqual([]);
});

it("connections in a cluster are described for each node where there are several", () => {
  const results = fakeResults();
  const cell = results.cells.find(({ estimate }) => estimate !== null)!;
  const facts = {
    ...{ "node 1 p01 ns": 1e3, "node 1 p50 ns": 2e3, "node 1 p90 ns": 3e3 },
    ...{ "node 1 p99 ns": 4e3, "node 1 p999 ns": 5e3 },
    // As runs of before 0.3 have it.
    ...{ "node 2 p50 ns": 6e3, "node 2 p99 ns": 7e3 },
  };
  const live = { ...cell, lane: "cluster" as const, scenario: "connect", services: 10, facts };
  const [table, ...others] = nodeTables({ ...results, cells: [live] });
  expect(others).toEqual([]);
  expect(table?.map((row) => row.slice(2))).toEqual([
    ["node", "p01", "p50", "p90", "p99", "p99.9"],
    ["node 1", "1 µs", "2 µs", "3 µs", "4 µs", "5 µs"],
    ["node 2", "–", "6 µs", "–", "7 µs", "–"],
  ]);
});

it("connections in a cluster are listed as multiples of the endpoint's own, where both took turns", () => {
  const results = fakeResults();
  const cell = results.cells.find(({ estimate }) => estimate !== null)!;
  const live = { ...cell, lane: "cluster" as const, scenario: "connect", services: 10 };
  const times = (value: number) => ({ value, interval: [value - 0.004, value + 0.006] as [number, number] });
  const relativeToBaseline = { p50: times(1.1), p90: times(1.204), p99: times(0.95), p999: null };
  expect(relativeTable({ ...results, cells: [live, { ...live, relativeToBaseline }] })).toEqual([
    ["relative to endpoint directly", "plane", "p50", "p90", "p99", "p99.9"],
    [
      "connect, 10",
      expect.any(String),
      "×1.10 [1.10, 1.11]",
      "×1.20 [1.20, 1.21]",
      "×0.95 [0.95, 0.96]",
      "–",
    ],
  ]);
  expect(relativeTable({ ...results, cells: [live] })).toEqual([]);
});

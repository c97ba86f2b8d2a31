import { expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { nodeTables, timesBaselineTable } from "./cluster-method.js";
import { formatMethod, kubeProxyFacts, methodFacts, planesAndSizes } from "./method.js";

it("the method says whose anonymous maps are modelled: the run's version of nft, or what old runs had", () => {
  const results = fakeResults();
  const said = (nft?: Record<string, string>) =>
    /nftables as nft (.*) makes them/.exec(
      formatMethod({
        ...results,
        run: { ...results.run, settings: { ...results.run.settings, ...(nft && { nft }) } },
      })[0]!,
    )?.[1];
  expect(said()).toBe("up to 1.1.1");
  expect(said({ nftables: "1.1.3", "nftables@1.36": "1.1.3" })).toBe("1.1.3");
  expect(said({ nftables: "1.1.3", "nftables@1.36": "1.0.6" })).toBe("1.1.3 and 1.0.6");
});

it("the method of a live cluster describes connections and clocks, and no process or checksum", () => {
  const results = fakeResults();
  const [cell] = results.cells;
  const live = (scenario: string, facts: Record<string, number>) => ({
    ...cell!,
    ...{ lane: "cluster" as const, scenario, facts },
  });
  const probe = { loopbackP50Ns: 15_000, clockResolutionNs: 1, clockReadingNs: 30, probeCores: 0.2 };
  const words = (cells: typeof results.cells) => formatMethod({ ...results, cells }).join(" ");
  const all = [live("connect", probe), live("connect", { ...probe, loopbackP50Ns: 16_000 })];
  expect(words(all)).toContain("every one by an endpoint of its Service");
  expect(words(all)).not.toMatch(/process|checksum|clock/);
  expect(words([live("programming", { clockErrorNs: 40_000 })])).toContain(
    "half the shortest is their error",
  );
  expect(methodFacts({ ...results, cells: [...all, live("sync", { clockErrorNs: 40_000 })] })).toEqual(
    expect.arrayContaining([
      ["Noise floor of connections (the same within one pod, median)", "15 µs to 16 µs"],
      ["The probe's clock", "steps of 1 ns, 30 ns per reading"],
      ["Error of the clocks compared, at most", "40 µs"],
    ]),
  );
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
  const timesBaseline = { p50: times(1.1), p90: times(1.204), p99: times(0.95), p999: null };
  expect(timesBaselineTable({ ...results, cells: [live, { ...live, timesBaseline }] })).toEqual([
    ["times an endpoint directly", "plane", "p50", "p90", "p99", "p99.9"],
    [
      "connect, 10",
      expect.any(String),
      "×1.10 [1.10, 1.11]",
      "×1.20 [1.20, 1.21]",
      "×0.95 [0.95, 0.96]",
      "–",
    ],
  ]);
  expect(timesBaselineTable({ ...results, cells: [live] })).toEqual([]);
});

it("the method names whose rules a kernel loaded, and the real programs that were measured, each version once", () => {
  const results = fakeResults({ planes: ["iptables"], services: [1, 100, 1000, 5000] });
  const versions = ["1.37.2", "Kubernetes v1.37.2", "Kubernetes v1.37.2", "Kubernetes v1.36.3"];
  results.cells.forEach((cell, i) => {
    cell.facts = { kubeProxy: versions[i]!, ...(i > 0 && { minSyncPeriod: "1 ms" }) };
  });
  expect(kubeProxyFacts(results)).toEqual([
    ["Rules of kube-proxy", "1.37.2"],
    ["kube-proxy itself", "Kubernetes v1.37.2, Kubernetes v1.36.3"],
  ]);
});

it("a run's planes and sizes are counted in words that fit one of each", () => {
  const { cells } = fakeResults({ planes: ["iptables", "ebpf"], services: [1, 1000] });
  const of = (plane: string, services: number) =>
    cells.filter((cell) => cell.plane === plane && cell.services === services);
  expect(planesAndSizes(cells)).toBe("2 data planes at 1 to 1,000 Services");
  expect(planesAndSizes(of("ebpf", 1))).toBe("1 data plane at 1 Service");
  expect(planesAndSizes(of("ebpf", 1000))).toBe("1 data plane at 1,000 Services");
});

import { describe, expect, it } from "vitest";
import { fakeResults } from "../../../../test/support/results.js";
import type { Probed } from "../../../cluster-lane/measure.js";
import { implausibility } from "../../../results/plausible.js";
import { emptyCell } from "../../plan.js";
import { addProbed } from "./reports.js";

const OUTCOMES = { reached: 6, wrong: 0, refused: 0, timedOut: 0, unreachable: 0, other: 0 };
const PLANE = { id: "nftables", program: "kube-proxy", version: "v1.36.3", source: "asked" };

function probed(node: string, ns: number, outcomes = OUTCOMES): Probed {
  const times = (base: number) => ({
    ...{ connectNs: [base, base + 2, base + 4], exchangeNs: [1, 1, 1] },
    isNear: [true, false, false],
    isIpv6: [false, true, false],
  });
  const round = {
    protocol: "tcp" as const,
    wallMs: 100,
    cpuUs: 10_400,
    outcomes,
    service: times(ns),
    endpoint: times(50),
  };
  const loopback = { tcp: { connectNs: [9], exchangeNs: [4] } };
  const idleStates = [{ name: "POLL", exitUs: 0, spentUs: ns }];
  return {
    node,
    log: { resolutionNs: 1, clockNs: 25, loopback, settledMs: 3, rounds: [round, round], idleStates },
  };
}

function measured(probes: readonly Probed[], otherServices = 1, names = false) {
  const results = fakeResults();
  results.cells = ["", "same node", "other node", "IPv4", "IPv6"].flatMap((variant) =>
    ["nftables", "direct"].map((plane) =>
      emptyCell(
        { plane, lane: "cluster", scenario: "connect" },
        { services: 100, endpoints: null, variant },
        4,
      ),
    ),
  );
  const before = results.equivalence.flows;
  addProbed(results, 100, probes, { plane: PLANE, otherServices, seed: 1, bare: "direct", names });
  const [through, direct] = results.cells;
  return { results, through: through!, direct: direct!, flows: results.equivalence.flows - before };
}

describe("what probes measured in a cluster", () => {
  it("is a replicate for each round of each node, with the endpoints' own times as its floor", () => {
    const { through, direct, flows } = measured([probed("a", 100), probed("b", 200)]);
    expect(through.replicates.map(({ median }) => median)).toEqual([102, 202, 102, 202]);
    expect(through.replicates.map(({ floorNs }) => floorNs)).toEqual([52, 52, 52, 52]);
    expect(through.replicates.map(({ block }) => block)).toEqual([0, 0, 1, 1]);
    expect(direct.replicates.map(({ median }) => median)).toEqual([52, 52, 52, 52]);
    expect(flows).toBe(24);
  });

  it("is told apart by whether the endpoint that answered is on the probe's node, and by family", () => {
    const { cells } = measured([probed("a", 100)]).results;
    expect(
      cells.map(({ plane, variant, replicates }) => [plane, variant, replicates[0]?.singles?.ns]),
    ).toEqual([
      ["nftables", "", [100, 102, 104]],
      ["direct", "", [50, 52, 54]],
      ["nftables", "same node", [100]],
      ["direct", "same node", [50]],
      ["nftables", "other node", [102, 104]],
      ["direct", "other node", [52, 54]],
      ["nftables", "IPv4", [100, 104]],
      ["direct", "IPv4", [50, 54]],
      ["nftables", "IPv6", [102]],
      ["direct", "IPv6", [52]],
    ]);
    expect(cells[4]?.replicates[0]?.floorNs).toBe(53);
  });

  it("is thinned evenly where there is more than results can hold, but for the medians", () => {
    const each = probed("a", 100);
    const [round] = each.log.rounds;
    const connectNs = Array.from({ length: 250_000 }, (_, i) => 1000 + (i % 100));
    const all = connectNs.map(() => true);
    const service = { connectNs, exchangeNs: connectNs, isNear: all, isIpv6: all };
    const [cell] = measured([{ ...each, log: { ...each.log, rounds: [{ ...round!, service }] } }]).results
      .cells;
    const kept = cell?.replicates[0]?.singles?.ns ?? [];
    expect(kept).toHaveLength(125_000);
    expect([cell?.replicates[0]?.median, cell?.replicates[0]?.checkedBatches]).toEqual([1050, 250_000]);
    expect(new Set(kept).size).toBe(50);
  });

  it("has percentiles by node, without the names of nodes unless they were asked for", () => {
    const probes = [probed("secret-a", 100), probed("secret-b", 200)];
    expect(measured(probes).through.facts).toMatchObject({
      ...{ "node 1 p01 ns": 100, "node 1 p50 ns": 102, "node 1 p90 ns": 104, "node 1 p999 ns": 104 },
      ...{ "node 2 p50 ns": 202, "node 2 p99 ns": 204 },
    });
    expect(JSON.stringify(measured(probes).results.cells)).not.toContain("secret");
    expect(measured(probes, 1, true).through.facts).toMatchObject({ "secret-b p50 ns": 202 });
  });

  it("reports the noise floor, the rate, what the probe took and what idle CPUs did", () => {
    expect(measured([probed("a", 100)]).through.facts).toMatchObject({
      ...{ loopbackP50Ns: 9, connectionsPerSecondAndNode: 60, probeCores: 0.104, servicesInCluster: 101 },
      ...{ version: "v1.36.3", "share of idle time in POLL": 1 },
    });
  });

  it("warns of connections that failed, and of Services that are not ours", () => {
    const failing = { ...OUTCOMES, reached: 4, timedOut: 2 };
    expect(measured([probed("a", 100, failing)]).through.warnings).toEqual([
      "in this cluster, of 12 connections, to Services and to endpoints, 4 timed out: they are in no time",
    ]);
    expect(measured([probed("a", 100)], 50).through.warnings).toEqual([
      "in this cluster, there are 50 other Services: N is 150 in all",
    ]);
    expect(measured([probed("a", 100)]).through.warnings).toEqual([]);
  });

  it("is what a reader of results takes", () => {
    expect(implausibility(measured([probed("a", 100)]).results)).toBeNull();
  });

  it("counts answers of other endpoints as disagreements", () => {
    const { results } = measured([probed("a", 100, { ...OUTCOMES, reached: 5, wrong: 1 })]);
    expect(results.equivalence.disagreements).toBe(2);
  });
});

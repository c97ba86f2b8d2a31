import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { withCells } from "../../test/support/results-lanes.js";
import { mergeRuns } from "./runs/merge.js";
import type { Cell, Results } from "./schema.js";
import { summarize } from "./summarize.js";

const PER_ROUND = 1000;

/** A run of a cluster with rounds of a Service's and an endpoint's connections, each as slow as `slowness` says. */
function clusterRun(
  slowness = [1, 2, 1, 3, 1, 2],
  perRound = PER_ROUND,
): { run: Results; through: Cell; direct: Cell } {
  const run = withCells([
    ["cluster", "connect", "nftables", 10, 55_000],
    ["cluster", "connect", "direct", 10, 50_000],
  ]);
  const [through, direct] = run.cells as [Cell, Cell];
  const [replicate] = fakeResults().cells[0]!.replicates;
  for (const [cell, ns] of [
    [through, 55_000],
    [direct, 50_000],
  ] as const) {
    cell.replicates = slowness.map((times, block) => ({
      ...replicate!,
      block,
      singles: { ns: Array.from({ length: perRound }, (_, i) => times * (ns + i)), visited: [] },
    }));
  }
  return { run, through, direct };
}

describe("connections to a Service as multiples of those to its endpoint", () => {
  it("leave out what slowed down both in a round", () => {
    const { run, through, direct } = clusterRun();
    summarize(run);
    const { p50, p99 } = through.relativeToBaseline!;
    expect(p50.value).toBeCloseTo(1.1, 2);
    expect(p50.interval[1] - p50.interval[0]).toBeLessThan(0.01);
    expect(p99.value).toBeCloseTo(1.1, 1);
    expect(through.percentiles!.p50.interval[1]).toBeGreaterThan(1.5 * through.percentiles!.p50.interval[0]);
    expect(direct.relativeToBaseline).toBeUndefined();
  });

  it("are of rounds that both have", () => {
    const { run, through, direct } = clusterRun([1, 1, 1, 1, 1, 1, 1]);
    through.replicates[3]!.singles!.ns.fill(1e9);
    direct.replicates.splice(3, 1);
    summarize(run);
    expect(through.relativeToBaseline!.p99.value).toBeLessThan(1.2);
  });

  it("have no p99.9 where it is one of the largest few, and are absent where p99 is", () => {
    const of = (perRound: number) => {
      const { run, through } = clusterRun([1, 1, 1, 1, 1], perRound);
      // A sixth round, so that there are few connections and enough rounds.
      for (const cell of run.cells) {
        cell.replicates.push({ ...cell.replicates[0]!, block: 5, singles: { ns: [60_000], visited: [] } });
      }
      summarize(run);
      return through.relativeToBaseline;
    };
    expect(of(100)).toMatchObject({ p999: null });
    expect(of(99)).toBeUndefined();
  });

  it("are absent where there are fewer rounds than an interval needs", () => {
    const { run, through } = clusterRun([1, 1, 1, 1, 1]);
    summarize(run);
    expect(through.relativeToBaseline).toBeUndefined();
  });

  it("are absent where the clock's steps are so coarse that a percentile is 0", () => {
    const { run, through, direct } = clusterRun();
    for (const { singles } of direct.replicates) singles!.ns.fill(0);
    summarize(run);
    expect(through.relativeToBaseline).toBeUndefined();
  });

  it("are of rounds of the same node, also where a node has none of one kind", () => {
    const { run, through, direct } = clusterRun();
    const slow = (cell: Cell) =>
      cell.replicates.map((replicate) => ({
        ...{ ...replicate, node: 1 },
        singles: { ns: replicate.singles!.ns.map((ns) => 10 * ns), visited: [] },
      }));
    for (const cell of [through, direct]) {
      cell.replicates = cell.replicates.map((replicate) => ({ ...replicate, node: 0 }));
    }
    direct.replicates = direct.replicates.flatMap((replicate, i) => [slow(direct)[i]!, replicate]);
    summarize(run);
    expect(through.relativeToBaseline!.p99.value).toBeCloseTo(1.1, 1);
  });

  it("are of endpoints on the same node and of others, and not of both together, where these are told apart", () => {
    const { run, through, direct } = clusterRun();
    summarize(run);
    expect(through.relativeToBaseline).toBeDefined();
    for (const variant of ["same node", "udp, other node"]) {
      run.cells.push({ ...through, variant }, { ...direct, variant });
    }
    summarize(run);
    const compared = run.cells.flatMap(({ variant, relativeToBaseline }) =>
      relativeToBaseline ? [variant] : [],
    );
    expect(compared).toEqual(["same node", "udp, other node"]);
  });

  it("stay with the plane's cells when runs are merged, whose baselines don't", () => {
    const { run, through } = clusterRun();
    summarize(run);
    const merged = mergeRuns([
      { label: "a", results: run },
      { label: "b", results: run },
    ]);
    summarize(merged);
    expect(merged.cells.map(({ relativeToBaseline }) => relativeToBaseline)).toEqual(
      [through, through].map(({ relativeToBaseline }) => relativeToBaseline),
    );
  });
});

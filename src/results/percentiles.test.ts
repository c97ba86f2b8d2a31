import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { withCells } from "../../test/support/results-lanes.js";
import { mergeRuns } from "./runs/merge.js";
import type { Cell, Results } from "./schema.js";
import { summarize } from "./summarize.js";

const PER_ROUND = 1000;

/** A run of a cluster with six rounds of a Service's and an endpoint's connections, each round as slow as `slowness` says. */
function clusterRun(slowness = [1, 2, 1, 3, 1, 2]): { run: Results; through: Cell; direct: Cell } {
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
      singles: { ns: Array.from({ length: PER_ROUND }, (_, i) => times * (ns + i)), visited: [] },
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

  it("have no p99.9 where it is one of the largest few, and nothing where p99 is", () => {
    const { run, through } = clusterRun([1, 1]);
    summarize(run);
    expect(through.relativeToBaseline).toMatchObject({ p999: null });
    through.replicates.splice(0);
    summarize(run);
    expect(through.relativeToBaseline).toBeUndefined();
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

import { describe, expect, it } from "vitest";
import { withCells } from "../../../../test/support/results-lanes.js";
import { clusterConnect, clusterProgramming, clusterService } from "./cluster.js";

const growing = (end: number, direct: number) =>
  withCells([
    ["cluster", "connect", "iptables", 1, 50_000],
    ["cluster", "connect", "iptables", 1000, end],
    ["cluster", "connect", "direct", 1, 50_000],
    ["cluster", "connect", "direct", 1000, direct],
  ]);

describe("findings about a cluster", () => {
  it("are about what balances there, and not about the direct connection or another lane", () => {
    expect(clusterConnect(growing(100_000, 60_000))?.sentence).not.toMatch(/through endpoint/);
    const kernel = withCells([
      ["kernel", "connect", "iptables", 1, 50_000],
      ["kernel", "connect", "iptables", 1000, 100_000],
    ]);
    expect(clusterConnect(kernel)).toBeNull();
  });

  it("say by how much connections grew, and what the direct ones did meanwhile", () => {
    const found = clusterConnect(growing(100_000, 60_000));
    expect(found?.headline).toMatch(
      /^connect\(\) through iptables grows 2×\u00a0\(1\.6–2\.4\) from 1 to 1,000 Services$/,
    );
    expect(found?.sentence).toMatch(/ 50 µs at N = 1 and 100 µs at 1,000, 2 times \[1\.6, 2\.4\] as long; /);
    expect(found?.sentence).toMatch(/to an endpoint directly 1\.2 times \[/);
    expect(found?.cells).toEqual([
      "iptables/connect/1",
      "iptables/connect/1000",
      "direct/connect/1",
      "direct/connect/1000",
    ]);
  });

  it("say what growth the intervals still allow where none is shown, and nothing where they allow much", () => {
    const found = clusterConnect(growing(52_000, 50_000));
    expect(found?.headline).toBe("connect() through iptables grows at most 1.3× from 1 to 1,000 Services");
    expect(found?.sentence).toContain("so these medians show no growth");
    expect(clusterConnect(growing(61_000, 50_000))).toBeNull();
    expect(clusterConnect(withCells([["cluster", "connect", "iptables", 1, 50_000]]))).toBeNull();
  });

  it("say how soon a change reaches connections at the largest N", () => {
    const results = withCells([
      ["cluster", "connect", "nftables", 1, 50_000],
      ["cluster", "programming", "nftables", 1, 20e6],
      ["cluster", "programming", "nftables", 1000, 130e6],
    ]);
    results.cells.push({ ...results.cells.at(-1)!, variant: "new" });
    const found = clusterProgramming(results);
    expect(found?.headline).toMatch(
      /^At 1,000 Services nftables reaches a new endpoint after 130\u00a0ms\u00a0\(117–143\u00a0ms\)$/,
    );
    expect(found?.sentence).toMatch(
      /first connection through nftables after 130 ms \[117 ms, 143 ms\], and a new/,
    );
    expect(found?.sentence).not.toContain("the replaced");
    expect(clusterProgramming(growing(100_000, 60_000))).toBeNull();
  });

  const relative = (value: number) => {
    const each = { value, interval: [value - 0.01, value + 0.02] as [number, number] };
    return { p50: each, p90: each, p99: each, p999: null };
  };

  it("say what a ClusterIP costs relative to its endpoints, and how long these took themselves", () => {
    const results = growing(100_000, 60_000);
    expect(clusterService(results)).toBeNull();
    for (const [i, [ratio, directNs]] of [[1.09, 31_000] as const, [1, 48_000] as const].entries()) {
      const cell = results.cells[i]!;
      cell.relativeToBaseline = relative(ratio);
      cell.replicates = cell.replicates.map((replicate) => ({ ...replicate, floorNs: directNs }));
    }
    const found = clusterService(results);
    expect(found?.headline).toBe(
      "With 1 Service a ClusterIP costs connect() 9\u00a0%\u00a0(8–11\u00a0%) more",
    );
    expect(found?.sentence).toContain(
      "through iptables takes 1.09 times [1.08, 1.11] as long as to an endpoint directly (31 µs) at N = 1, and 1.00 times [0.99, 1.02] (48 µs) at 1,000.",
    );
    expect(found?.cells).toEqual(["iptables/connect/1", "iptables/connect/1000"]);
  });

  it("say nothing of a ClusterIP that may cost less than 1 %, or less than its endpoint", () => {
    for (const ratio of [1.019, 0.82]) {
      const results = growing(100_000, 60_000);
      results.cells[0]!.relativeToBaseline = relative(ratio);
      expect(clusterService(results)).toBeNull();
    }
  });

  it("say what a ClusterIP costs within a node where there are several", () => {
    const results = growing(100_000, 60_000);
    const [cell] = results.cells;
    cell!.relativeToBaseline = relative(2);
    results.cells.push({ ...cell!, variant: "same node", relativeToBaseline: relative(1.1) });
    expect(clusterService(results)?.sentence).toContain("takes within a node 1.10 times");
  });

  it("call what a ClusterIP costs the most of several planes", () => {
    const results = growing(100_000, 60_000);
    const [cell] = results.cells;
    cell!.relativeToBaseline = relative(1.08);
    results.cells.push({ ...cell!, plane: "nftables", relativeToBaseline: relative(1.1) });
    expect(clusterService(results)?.headline).toContain("connect() up\u00a0to\u00a010\u00a0%");
  });

  it("are one for all planes of runs that were merged, and the headline is about the one that grew the most", () => {
    const merged = withCells([
      ["cluster", "connect", "nftables", 1, 50_000],
      ["cluster", "connect", "nftables", 1000, 51_000],
      ["cluster", "connect", "iptables", 1, 50_000],
      ["cluster", "connect", "iptables", 1000, 100_000],
    ]);
    expect(clusterConnect(merged)?.headline).toMatch(
      /^connect\(\) through iptables grows 2×.* from 1 to 1,000 Services$/,
    );
  });
});

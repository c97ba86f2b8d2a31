import { describe, expect, it } from "vitest";
import { withCells } from "../../test/support/results-lanes.js";
import type { Results } from "../results/schema.js";
import type { Chart } from "./chart.js";
import {
  clusterConnectFamilies,
  clusterEstablished,
  clusterPercentiles,
  clusterProgrammingNodes,
  clusterSync,
} from "./cluster.js";

function drawn(chart: Chart, results: Results) {
  const picture = chart.build(results, { theme: "light", width: 1600, height: 900 });
  if ("skipped" in picture) throw new Error(picture.skipped);
  return picture;
}

describe("charts of a cluster", () => {
  it("draw the time within a pod as a floor, but not where a time lies below it", () => {
    const lowest = (loopbackP50Ns?: number) => {
      const results = withCells([
        ["cluster", "established", "nftables", 1, 29_000],
        ["cluster", "established", "nftables", 1000, 30_000],
      ]);
      if (loopbackP50Ns !== undefined) for (const cell of results.cells) cell.facts = { loopbackP50Ns };
      return drawn(clusterEstablished, results).config.options?.scales?.y?.min;
    };
    expect(lowest(5000)).toBeLessThan(Number(lowest()));
    expect(lowest(59_000)).toBe(lowest());
  });

  it("say what a Service costs next to its endpoint where one plane's connections were interleaved with its", () => {
    const results = withCells([
      ["cluster", "connect", "nftables", 100, 33_000],
      ["cluster", "connect", "direct", 100, 30_000],
    ]);
    const percentile = { value: 30_000, interval: [29_000, 31_000] as [number, number] };
    const times = { value: 1.1, interval: [1.094, 1.111] as [number, number] };
    for (const cell of results.cells) {
      cell.percentiles = {
        ...{ lookups: 60_000, p01: percentile, p50: percentile, p90: percentile },
        ...{ p99: percentile, p999: null },
      };
      for (const replicate of cell.replicates) replicate.singles = { ns: [30_000], visited: [] };
    }
    const captionOf = () => drawn(clusterPercentiles, results).caption;
    expect(captionOf()).not.toContain("relative to");
    results.cells[0]!.relativeToBaseline = { p50: times, p90: times, p99: times, p999: null };
    expect(captionOf()).toContain(
      "nftables relative to endpoint directly, interleaved: p50 ×1.10 [1.09, 1.11], p90 ×1.10",
    );
    results.cells[1]!.relativeToBaseline = results.cells[0]!.relativeToBaseline;
    expect(captionOf()).not.toContain("relative to");
  });

  it("draw one family, and the last node, as dashed lines next to the other and to a node", () => {
    const linesOf = (chart: Chart, cells: Parameters<typeof withCells>[0], variants: string[]) => {
      const results = withCells(cells);
      for (const [i, cell] of results.cells.entries()) cell.variant = variants[i % variants.length] ?? "";
      return drawn(chart, results).config.data.datasets.map(({ label, ...dataset }) => [
        label,
        "borderDash" in dataset && (dataset.borderDash ?? []).length > 0,
      ]);
    };
    const cells = (scenario: string) =>
      [1, 1, 1000, 1000].map((services, i): Parameters<typeof withCells>[0][number] => [
        ...(["cluster", scenario, "nftables"] as const),
        ...([services, 30_000 + i] as const),
      ]);
    expect(linesOf(clusterConnectFamilies, cells("connect"), ["IPv4", "IPv6"])).toEqual([
      [expect.not.stringContaining("IPv6"), false],
      [expect.stringContaining("IPv6"), true],
    ]);
    expect(linesOf(clusterProgrammingNodes, cells("programming"), ["", "every node"])).toEqual([
      [expect.not.stringContaining("every node"), false],
      [expect.stringContaining("every node"), true],
    ]);
  });

  it("say how many Services there were besides those that N counts, unless it is the API server's alone", () => {
    const captionOf = (...others: number[]) => {
      const results = withCells([
        ["cluster", "established", "nftables", 1, 29_000],
        ["cluster", "established", "nftables", 1000, 30_000],
      ]);
      for (const [i, cell] of results.cells.entries()) {
        cell.facts = { servicesInCluster: cell.services + (others[i] ?? 0) };
      }
      return drawn(clusterEstablished, results).caption;
    };
    expect(captionOf(40, 40)).toContain("N counts the run's own Services: 40 others were there");
    expect(captionOf(1, 40)).toContain("1 to 40 others were there");
    expect(captionOf(1, 1)).not.toContain("others were there");
  });

  it("say how often the Services of a sync were made", () => {
    const results = withCells([
      ["cluster", "sync", "nftables", 1, 1e9],
      ["cluster", "sync", "nftables", 1000, 1e9],
    ]);
    const [replicate] = results.cells[0]!.replicates;
    const words = (times: number) => {
      for (const cell of results.cells) cell.replicates = Array.from({ length: times }, () => replicate!);
      return JSON.stringify(drawn(clusterSync, results));
    };
    expect(words(1)).toContain("once for each N");
    expect(words(3)).toContain("all created and removed, 3 times for each N");
  });
});

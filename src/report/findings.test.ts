import { describe, expect, it } from "vitest";
import type { Results } from "../results/schema.js";
import { findFindings } from "./findings.js";
import { fakeResults } from "./testing.js";

const ids = (results: Results) => findFindings(results).map(({ id }) => id);
const finding = (results: Results, id: string) => findFindings(results).find((found) => found.id === id);

/** Latencies of every plane by one law. */
const all = (law: (services: number) => number) =>
  fakeResults({ latencyNs: (_plane, services) => law(services) });

describe("findFindings", () => {
  it("finds the growth of iptables, its factor, the constant work, each with cells and interval", () => {
    const found = findFindings(fakeResults());
    expect(found.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["iptables-factor", "iptables-slope", "work-constant"]),
    );
    for (const { cells, interval, value, headline } of found) {
      expect(cells.length).toBeGreaterThan(0);
      expect(interval[0]).toBeLessThanOrEqual(value);
      expect(interval[1]).toBeGreaterThanOrEqual(value);
      expect(headline.split(" ").length).toBeLessThanOrEqual(10);
    }
  });

  it("finds the slope that is there", () => {
    const results = fakeResults({ latencyNs: (plane, n) => (plane === "iptables" ? 100 + 3 * n : 50) });
    expect(finding(results, "iptables-slope")?.value).toBeCloseTo(3, 0);
  });

  it("does not say that iptables is slower where it is not", () => {
    expect(ids(all(() => 50))).not.toContain("iptables-factor");
    const faster = fakeResults({ latencyNs: (plane) => (plane === "iptables" ? 20 : 50) });
    expect(ids(faster)).not.toContain("iptables-factor");
  });

  it("does not say that every service costs when latency is flat or falls", () => {
    expect(ids(all((n) => 5000 / n + 50))).not.toContain("iptables-slope");
  });

  it("does not speak of growth over a narrow range of services", () => {
    const narrow = fakeResults({ services: [1000, 1100, 1200, 1300] });
    expect(ids(narrow)).not.toContain("iptables-slope");
    expect(ids(narrow)).not.toContain("work-constant");
  });

  it("does not say that eBPF's time rises when it stays", () => {
    expect(ids(all(() => 50))).not.toContain("hash-time-rise");
    const bent = fakeResults({ latencyNs: (_plane, n) => (n > 1000 ? 200 : 50) });
    expect(finding(bent, "hash-time-rise")?.value).toBeCloseTo(4, 0);
  });

  it("does not say that work is constant when one cell differs", () => {
    const results = fakeResults();
    const cells = results.cells.filter(({ plane }) => plane === "ebpf" || plane === "nftables");
    for (const cell of cells) if (cell.services === 1000) cell.work!.mapLookups += 1;
    expect(ids(results)).not.toContain("work-constant");
  });

  it("is silent about a single replicate, whose interval has no width", () => {
    expect(findFindings(fakeResults({ replicates: 1 }))).toEqual([]);
    expect(findFindings(fakeResults({ replicates: 3 }))).not.toEqual([]);
  });

  it("is silent about a run without measurements", () => {
    const results = fakeResults();
    for (const cell of results.cells) cell.estimate = null;
    expect(findFindings(results)).toEqual([]);
  });
});

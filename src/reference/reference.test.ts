import { describe, expect, it } from "vitest";
import { REFERENCE_TABLES, REFERENCES, referenceById } from "./index.js";

const valuesOf = (id: string, label: string) =>
  referenceById(id)!
    .series.find((series) => series.label === label)!
    .points.map(({ services, value }) => [services, value]);

describe("published numbers", () => {
  it("hold the article's two series as its chart draws them", () => {
    expect(referenceById("cilium-1.6")!.series.map(({ label }) => label)).toEqual([
      "eBPF",
      "kube-proxy (iptables)",
    ]);
    expect(valuesOf("cilium-1.6", "kube-proxy (iptables)")).toEqual([
      [1, 292],
      [100, 301],
      [1000, 381],
      [2000, 455],
      [2768, 576],
    ]);
  });

  it("hold the Kubernetes blog's percentiles", () => {
    expect(valuesOf("kubernetes-nftables", "iptables p99")).toEqual([
      [5000, 0.154],
      [10_000, 0.259],
      [30_000, 0.716],
    ]);
    expect(valuesOf("kubernetes-nftables", "nftables p50").map(([, value]) => value)).toEqual([
      0.014, 0.014, 0.014,
    ]);
  });

  it("derive the time of a request from the printed rate", () => {
    const rates = valuesOf("tke", "iptables");
    for (const [i, [services, us]] of valuesOf("tke-time", "iptables").entries()) {
      expect(rates[i]![0]).toBe(services);
      expect(us).toBeCloseTo(1e6 / rates[i]![1]!, 1);
    }
  });

  it("have ascending services, positive values, and a source that can be opened", () => {
    for (const { series, url } of REFERENCES) {
      expect(new URL(url)).toMatchObject({
        protocol: "https:",
        hostname: expect.stringMatching(/\.[a-z]{2,}$/),
      });
      for (const { points } of series) {
        expect(points.every(({ value }) => value > 0)).toBe(true);
        for (let i = 1; i < points.length; i++)
          expect(points[i]!.services).toBeGreaterThan(points[i - 1]!.services);
      }
    }
  });

  it("have ids of their own, and a reading error exactly where they were read from a chart", () => {
    const ids = [...REFERENCES, ...REFERENCE_TABLES].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { kind, error } of REFERENCES) expect(error !== null).toBe(kind === "chart");
  });

  it("fill every column of their tables", () => {
    for (const { head, rows } of REFERENCE_TABLES)
      for (const row of rows) expect(row).toHaveLength(head.length);
  });
});

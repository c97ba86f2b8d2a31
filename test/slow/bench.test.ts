import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import type { Results } from "../../src/results/schema.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let results: Results;

/** Exact work, and ratios within one run that hold on any machine: no time in nanoseconds, and no law of time. */
describe("npm run bench", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-bench-"));
    execFileSync("npm", ["run", "bench", "--", "--out", join(folder, "run")], {
      cwd: ROOT,
      stdio: "inherit",
    });
    results = readResults(join(folder, "run"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const cell = (plane: string, services: number) => {
    const found = results.cells.find(
      (candidate) => candidate.plane === plane && candidate.services === services,
    );
    if (!found?.estimate || !found.work) throw new Error(`${plane} at ${services} was not measured`);
    return { ...found, median: found.estimate.median, work: found.work };
  };

  it("measures every cell between the least and the most times, with every decision right, and says why it stopped", () => {
    const { complete, replicates: allowed } = results.run;
    expect(complete).toBe(true);
    expect(results.equivalence.disagreements).toBe(0);
    for (const { replicates, estimate, stopped } of results.cells) {
      expect(replicates.length).toBeGreaterThanOrEqual(allowed.least);
      expect(replicates.length).toBeLessThanOrEqual(allowed.most);
      expect(estimate?.kind).toBe("ci95");
      // Without a reason a cell was measured to the last look, less what it waited for time at the first.
      const wanted = stopped ? [stopped.replicates] : [allowed.most, allowed.most - allowed.least];
      expect(wanted).toContain(replicates.length);
    }
  });

  it("finds that iptables visits half the rules and seven more, and that thirty times the services take at least five times the time", () => {
    for (const services of [1, 10, 100, 1000, 5000, 10_000, 30_000]) {
      const { rulesVisited } = cell("iptables", services).work;
      // A batch of 30,000 services looks up a stratified part of them.
      expect(Math.abs(rulesVisited / (services / 2 + 7) - 1)).toBeLessThan(0.01);
    }
    expect(cell("iptables", 30_000).median).toBeGreaterThan(5 * cell("iptables", 1000).median);
  });

  it("finds iptables at least three times slower than every other plane at 10,000 services (Maglev: 5,000)", () => {
    const largest = { ipvs: 10_000, nftables: 10_000, ebpf: 10_000, "ebpf-maglev": 5000 };
    for (const [plane, services] of Object.entries(largest)) {
      expect(cell("iptables", services).median / cell(plane, services).median).toBeGreaterThan(3);
    }
  });

  it("finds the rules and map lookups of ebpf and nftables exactly constant", () => {
    for (const plane of ["ebpf", "nftables"]) {
      const works = [1, 10, 100, 1000, 5000, 10_000, 30_000].map((services) => cell(plane, services).work);
      expect(new Set(works.map(({ rulesVisited, mapLookups }) => `${rulesVisited} ${mapLookups}`)).size).toBe(
        1,
      );
    }
  });

  it("fits iptables' work as O(N), that of ebpf and nftables as constant, and the chains of ipvs as O(N)", () => {
    const law = (plane: string, quantity: string) =>
      results.fits.find((fit) => fit.plane === plane && fit.quantity === quantity)?.law;
    expect(law("iptables", "steps")).toBe("N");
    expect([law("ebpf", "steps"), law("nftables", "steps")]).toEqual(["1", "1"]);
    expect(law("ipvs", "probes")).toBe("N");
  });

  it("says how iptables' time grows by a price for each service or by an exponent, never by both, and fits neither to counts", () => {
    const growth = results.findings.filter(({ id }) => id === "iptables-slope" || id === "iptables-growth");
    // None where a noisy machine lets neither be told.
    expect(growth.length).toBeLessThan(2);
    for (const { quantity, determined, lastDecade, steepest } of results.fits) {
      expect(determined).toBe(true);
      expect([lastDecade === null, steepest === null]).toEqual(Array(2).fill(quantity !== "time"));
    }
  });

  it("times single packets of iptables, whose 99th percentile visits twice the median's rules: position decides", () => {
    for (const services of [5000, 10_000]) {
      const { percentiles, replicates } = cell("iptables", services);
      expect(percentiles).not.toBeNull();
      const visited = replicates.flatMap(({ singles }) => singles!.visited).sort((a, b) => a - b);
      const at = (share: number) => visited[Math.floor(share * visited.length)]!;
      expect(at(0.99) / at(0.5)).toBeGreaterThan(1.8);
      expect(at(0.99) / at(0.5)).toBeLessThan(2.2);
    }
  });

  it("collects no garbage and allocates nothing while it times, but for one replicate in a hundred", () => {
    const replicates = results.cells.flatMap((cell) => cell.replicates);
    // V8 may end in a sample what it put off, where other work keeps the cores busy: the run then warns of that cell.
    const disturbed = replicates.filter(
      ({ collections, heapBytesPerLookup }) => collections > 0 || heapBytesPerLookup >= 1,
    );
    expect(disturbed.length).toBeLessThanOrEqual(replicates.length / 100);
  });

  it("stays under 4 GiB with all processes together", () => {
    const children = Math.max(
      ...results.cells.flatMap(({ replicates }) => replicates.map((r) => r.peakRssBytes)),
    );
    expect(children).toBeLessThan(3.5 * 2 ** 30);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { runBenchmark } from "lbscale/run";
import { build } from "rolldown";
import { beforeAll, describe, expect, it } from "vitest";
import { findFindings } from "../src/analysis/findings/index.js";
import { readResults } from "../src/results/files.js";
import type { Results } from "../src/results/schema.js";
import { describeRun } from "../src/run/describe.js";
import { folder, lbscale } from "./support/cli.js";
import { fakeResults } from "./support/results.js";
import type { CATALOG } from "./support/toy-catalog.js";

const SERVICES = [1, 100];
const REPLICATES = 3;

const run = join(folder, "run");
let catalog: typeof CATALOG;
beforeAll(async () => {
  const module = join(folder, "toy-catalog.mjs");
  await build({
    input: fileURLToPath(new URL("support/toy-catalog.ts", import.meta.url)),
    platform: "node",
    output: { file: module, codeSplitting: false },
  });
  ({ CATALOG: catalog } = await import(pathToFileURL(module).href));
  await runBenchmark(
    {
      profile: "quick",
      planes: ["ebpf", "toy"],
      scenarios: ["lookup", "memory", "nap"],
      services: SERVICES,
      replicates: { least: REPLICATES, most: REPLICATES },
      ...{ warmupMs: 1, measureMs: 2 },
    },
    { catalog, out: run },
  );
});

/** A command of the built program, which knows neither plane nor scenario: only what the run says of them. */
const printed = (...args: string[]): string => {
  const { status, stdout, stderr } = lbscale(args);
  expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
  return stdout;
};

describe("a toy plane and a toy scenario, which only a catalog registers", () => {
  let results: Results;
  beforeAll(() => {
    results = readResults(run);
  });

  it("are run by runBenchmark: checked, measured in worker processes, counted", () => {
    expect(results.equivalence).toMatchObject({ planes: ["ebpf", "toy"], disagreements: 0 });
    const measured = results.cells.filter(({ plane }) => plane === "toy");
    expect(
      measured.map(({ scenario, services, replicates }) => [scenario, services, replicates.length]),
    ).toEqual([
      ...SERVICES.map((n) => ["lookup", n, REPLICATES]),
      ...SERVICES.map((n) => ["memory", n, 0]),
      ...[1, 20].map((n) => ["nap", n, REPLICATES]),
    ]);
    for (const { scenario, estimate, work, counts } of measured) {
      expect(scenario === "memory" ? counts!.bytes : estimate!.median).toBeGreaterThan(0);
      if (scenario !== "memory") expect(work!.rulesVisited).toBeGreaterThan(1);
    }
  });

  it("enter its findings by their claims", () => {
    const memory = results.findings.find(({ id }) => id === "memory")!;
    expect(memory.headline).toMatch(/^At 100 Services eBPF needs [\d.]+× Toy's memory$/);
  });

  describe("are reported by lbscale report", () => {
    const out = join(folder, "report");
    const written = (name: string) => readFileSync(join(out, name), "utf8");
    beforeAll(() => {
      printed("report", run, "--formats", "svg,html,md,csv", "--theme", "light", "--out", out);
    });

    it("in charts, under their own label, in their own colour", () => {
      for (const chart of ["scaling", "nap"]) {
        expect(written(`${chart}-light.svg`)).toMatch(/#123456/i);
        expect(written(`${chart}-light.svg`)).toContain(">Toy<");
      }
      expect(written("columns-light.svg")).toContain("proxy (Toy)");
    });

    it("in a chart of the scenario, with its words", () => {
      const svg = written("nap-light.svg");
      expect(svg).toContain("Lookups after a nap");
      expect(svg).toContain("Model: median time of a rested lookup to a cluster");
      expect(svg).toContain("Services at random positions in the rule list");
    });

    it("in the tables", () => {
      expect(written("table.md")).toMatch(/nap.*\bToy\b/s);
      expect(written("table.csv")).toMatch(/\bnap,toy\b|\btoy,.*\bnap\b/);
    });

    it("on the page, with what its charts need to know of them", () => {
      const page = written("report.html");
      for (const words of ['"label":"Toy"', "Lookups after a nap", "#123456", "Toy's memory"])
        expect(page).toContain(words);
    });
  });

  it("are compared by lbscale compare", () => {
    const table = printed("compare", run, run);
    expect(table).toMatch(/^ *Toy, lookup /m);
    expect(table).toMatch(/^ *Toy, nap /m);
  });
});

describe("a toy plane that claims to be the list", () => {
  it("is what findings compare the others with", () => {
    const fake = fakeResults({
      planes: ["ebpf", "nftables", "toy"],
      latencyNs: (plane, n) => (plane === "toy" ? 100 + 3 * n : plane === "nftables" ? 60 : 30),
    });
    const factor = findFindings({ ...fake, ...describeRun(fake.cells, catalog) }).find(
      ({ id }) => id === "iptables-factor",
    )!;
    expect(factor.headline).toMatch(/ Services Toy takes [\d,]+×\u00a0\([\d,]+–[\d,]+\) nftables' time$/);
    expect(factor.sentence).toContain("a Toy lookup takes");
  });
});

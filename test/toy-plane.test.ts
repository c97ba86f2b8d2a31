import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookup, prepareLookup } from "../bench/lookup.js";
import { PROFILES } from "../bench/profiles.js";
import { comparisonRows } from "../src/analysis/comparison-text.js";
import { findFindings } from "../src/analysis/findings/index.js";
import { chartsOf } from "../src/charts/of-run.js";
import type { Catalog } from "../src/measure/catalog.js";
import { benchCluster } from "../src/measure/replicate/bench-cluster.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import { addReplicate } from "../src/measure/run.js";
import type { Job, Scenario } from "../src/measure/scenario.js";
import { runReplicate } from "../src/measure/spawn.js";
import { renderCharts } from "../src/output/image/render.js";
import { markdownTable } from "../src/output/tables/table.js";
import { PLAIN, type PlaneDescriptor } from "../src/planes/descriptor.js";
import { iptables } from "../src/planes/iptables/index.js";
import type { Plane } from "../src/planes/plane.js";
import { loadPlane, PLANE_ENTRIES } from "../src/planes/registry-loader.js";
import { compareRuns } from "../src/results/runs/compare.js";
import { type Results, resultsSchema } from "../src/results/schema.js";
import { summarize } from "../src/results/summarize.js";
import { describeRun } from "../src/run/describe.js";
import { LONGEST_MS } from "./support/patience.js";
import { fakeResults } from "./support/results.js";

/** Compiled before the tests run (`npm test`): the worker, and the page with its bundled script. */
const [WORKER, PAGE] = ["measure/worker.js", "output/html/html.js"].map((path) =>
  fileURLToPath(new URL(`../dist/src/${path}`, import.meta.url)),
) as [string, string];

/** A plane that no file of src knows: its folder is this file. */
const TOY: PlaneDescriptor = {
  id: "toy",
  name: "Toy, which is a list too",
  report: {
    label: "Toy",
    shortLabel: "Toy",
    columnLabel: "proxy (Toy)",
    colours: { light: "#123456", lightLabel: "#123456", dark: "#ABCDEF" },
    marker: "star",
    order: 65,
    role: "proxy",
    structure: "list",
    claims: [],
    memoryModelled: true,
  },
  can: PLAIN,
};
const toy: Plane = { ...iptables, id: TOY.id, label: TOY.name, descriptor: TOY };

/** A scenario that no file of src knows. */
const nap: Scenario = {
  id: "nap",
  label: "Lookups after a nap",
  question: "Does a rested plane decide faster?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: true,
    captions: { model: "Median time of a rested lookup to a {entry}" },
    chart: { title: "Rested lookups against the number of services", neutralTitle: "Lookups after a nap" },
  },
  measure: (job, cluster, plane) => measureLatency(prepareLookup, job, cluster, plane),
};

const CATALOG: Catalog = {
  planes: [...PLANE_ENTRIES, { descriptor: TOY, load: async () => toy }],
  scenarios: [lookup, nap],
  derived: [],
  profiles: PROFILES,
};

const SERVICES = [1, 20];
const REPLICATES = 3;

const jobOf = (scenario: string, plane: string, services: number, seed: number): Job => ({
  scenario,
  plane,
  services,
  seed,
  variant: "",
  affinityShare: 0,
  clusterSeed: 1,
  clusterFile: null,
  endpointsPerService: 4,
  entry: "clusterIp",
  options: {},
  zipf: 0,
  popular: "random",
  misses: 0,
  warmupMs: 1,
  measureMs: 2,
  singlesMs: 0,
  slowdown: 0,
});

/** What the engine does, in this process: every cell measured, concluded, described and written as results.json has it. */
async function run(): Promise<Results> {
  const planned = fakeResults({ planes: ["iptables", TOY.id], services: SERVICES, replicates: 0 });
  const cells = CATALOG.scenarios.flatMap(({ id }) =>
    planned.cells.map((cell) => ({ ...cell, scenario: id, replicates: [] })),
  );
  const results: Results = {
    ...fakeResults({ replicates: REPLICATES }),
    cells,
    ...describeRun(cells, CATALOG),
  };
  for (const cell of cells) {
    const scenario = CATALOG.scenarios.find(({ id }) => id === cell.scenario)!;
    for (let block = 0; block < REPLICATES; block++) {
      const job = jobOf(cell.scenario, cell.plane, cell.services, block + 1);
      const plane = await loadPlane(cell.plane, CATALOG.planes);
      const measured = await scenario.measure(job, await benchCluster({ ...job, family: 4 }), plane);
      if ("counts" in measured) throw new Error("a timed scenario has no counts");
      addReplicate(results, cell, measured, 1, { block, order: block, seed: job.seed });
    }
  }
  summarize(results);
  results.findings = findFindings(results);
  return resultsSchema.parse(JSON.parse(JSON.stringify(results)));
}

let results: Results;
beforeAll(async () => {
  results = await run();
});

const VIEW = { theme: "light", width: 1600, height: 900 } as const;
const picture = (id: string) => {
  const built = chartsOf(results)
    .find((chart) => chart.id === id)!
    .build(results, VIEW);
  if ("skipped" in built) throw new Error(built.skipped);
  return built;
};

describe("a toy plane and a toy scenario", () => {
  it("are measured with their work", () => {
    const cell = results.cells.find(({ plane, scenario }) => plane === "toy" && scenario === "nap")!;
    expect(cell.estimate!.median).toBeGreaterThan(0);
    expect(cell.work!.rulesVisited).toBeGreaterThan(1);
  });

  it("are drawn under their own label, in their own colour", () => {
    const { config, description } = picture("scaling");
    expect(description).toContain("Toy: ");
    expect(config.data.datasets.map(({ label, borderColor }) => [label, borderColor])).toContainEqual([
      "Toy",
      "#123456",
    ]);
    expect(picture("columns").description).toContain("proxy (Toy): ");
  });

  it("have a chart of the scenario, with its words", () => {
    expect(picture("nap").title).toBe("Lookups after a nap");
    expect(picture("nap").subtitle).toContain("Model: median time of a rested lookup to a cluster\u00a0IP");
    expect(picture("nap").caption).toContain("services at random positions in the rule list");
    const [rendered] = renderCharts(results, {
      charts: ["nap"],
      formats: ["svg"],
      themes: ["dark"],
      size: "readme",
    });
    expect(Buffer.from(rendered!.bytes).toString()).toContain("<svg");
  });

  it("are in the table", () => {
    expect(markdownTable(results)).toMatch(/nap.*\bToy\b/s);
  });

  it.skipIf(!existsSync(PAGE))("are on the page, with their descriptions for its charts", async () => {
    const { reportPage } = (await import(PAGE)) as typeof import("../src/output/html/html.js");
    const page = reportPage(results);
    expect(page).toContain('"label":"Toy"');
    expect(page).toContain("Lookups after a nap");
    expect(page).toContain("#123456");
  });

  it("are compared", () => {
    const comparison = compareRuns(results, results);
    expect(comparison.planes.map(({ plane, scenario }) => `${plane}/${scenario}`)).toContain("toy/nap");
    expect(comparisonRows(comparison).flat()).toContain("Toy, nap");
  });

  it("enter findings: a plane that takes longest after the list is its rival, whatever it is called", () => {
    const slow = fakeResults({
      planes: ["iptables", "ebpf", "toy"],
      latencyNs: (plane, n) => (plane === "iptables" ? 100 + 3 * n : plane === "toy" ? 60 : 30),
    });
    Object.assign(slow, describeRun(slow.cells, CATALOG));
    const factor = findFindings(slow).find(({ id }) => id === "iptables-factor")!;
    expect(factor.headline).toMatch(/×\u00a0\([\d,]+–[\d,]+\) slower than Toy$/);
    expect(factor.sentence).toContain("of Toy, the next slowest plane");
  });
});

describe.skipIf(!existsSync(WORKER))("a worker process", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-toy-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("loads planes and scenarios from the module that a job names", async () => {
    const module = join(folder, "catalog.mjs");
    writeFileSync(
      module,
      `export const CATALOG = {
        planes: [{ descriptor: { id: "toy" }, load: async () => ({ id: "toy", answer: 42 }) }],
        scenarios: [{ id: "nap", measure: async (job, cluster, plane) => ({
          counts: { answer: plane.answer, services: cluster.services },
          endpoints: 4, programBytes: 1, facts: {},
        }) }],
      };`,
    );
    const job = { ...jobOf("nap", "toy", 7, 1), catalogModule: pathToFileURL(module).href };
    const { measured } = await runReplicate(WORKER, job, [], LONGEST_MS);
    expect("counts" in measured && measured.counts).toEqual({ answer: 42, services: 7 });
  });
});

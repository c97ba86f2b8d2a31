import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CATALOG } from "../../src/catalog.js";
import { CHARTS } from "../../src/charts/index.js";
import { KERNEL_PLANE_IDS } from "../../src/kernel/plane.js";
import { PLANES } from "../../src/planes/registry.js";
import { commandLine } from "../support/in-process.js";
import { PUBLISHED } from "../support/inputs.js";

const { lbscale } = commandLine();

describe("lbscale reference", () => {
  it("lists published measurements with their sources", async () => {
    const { stdout, status } = await lbscale(["reference"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /cilium-1\.6: [\s\S]*https:\/\/cilium\.io[\s\S]*2,768 +301 +576[\s\S]*egress-filtering/,
    );
    const { references, tables } = JSON.parse((await lbscale(["reference", "--json"])).stdout);
    expect(references.length + tables.length).toBeGreaterThan(15);
    expect(await lbscale(["reference", "nobody"])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/choose from cilium-1\.6, /),
    });
  });

  it("compares a run with them, shape by shape, with intervals and reasons", async () => {
    const run = join(PUBLISHED, "article");
    const { stdout, status } = await lbscale(["reference", "cilium-1.6", "--against", run]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /slope per rule .*1 to 2,768 +26 ns \[25 ns, 26 ns\] +[\d.]+ ns \[.*\] +a rule costs less in the run/,
    );
    expect(stdout).toMatch(
      /- timed: one HTTP GET .*; the run times the choice of an endpoint alone, at a NodePort/,
    );
    const json = JSON.parse((await lbscale(["reference", "--against", run, "--json"])).stdout);
    expect(json.comparisons[0].shapes.length).toBeGreaterThan(3);
    expect(json.comparisons[0].differences.length).toBeGreaterThan(3);
  });
});

describe("lbscale list", () => {
  it.each([
    ["planes", [...new Set<string>([...PLANES.map(({ id }) => id), ...KERNEL_PLANE_IDS])]],
    ["scenarios", [...CATALOG.scenarios, ...CATALOG.derived].map(({ id }) => id)],
    ["profiles", CATALOG.profiles.map(({ id }) => id)],
    ["charts", CHARTS.map(({ id }) => id)],
  ])("names all %s with a label", async (what, ids) => {
    const listed = JSON.parse((await lbscale(["list", what, "--json"])).stdout) as {
      id: string;
      label: string;
    }[];
    expect(listed.map(({ id }) => id)).toEqual(ids);
    expect(listed.filter(({ label }) => label.length <= 2)).toEqual([]);
    const lines = (await lbscale(["list", what])).stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(ids);
  });
});

describe("lbscale doctor --lane model", () => {
  it("describes the machine and shows the timed loop, without trying the kernel lane", async () => {
    const { stdout, status } = await lbscale(["doctor", "--lane", "model"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\d+ cores[\s\S]*model lane: ready[\s\S]*model\.lookup/);
    expect(stdout).not.toMatch(/kernel lane/);
    const { environment, kernel } = JSON.parse(
      (await lbscale(["doctor", "--lane", "model", "--json"])).stdout,
    );
    expect([environment.node, environment.architecture, kernel]).toEqual([
      process.versions.node,
      process.arch,
      null,
    ]);
  });
});

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import type { Results } from "../../src/results/schema.js";
import { commandLine } from "../support/in-process.js";
import { PUBLISHED } from "../support/inputs.js";

const { file, folder, lbscale } = commandLine();

describe("lbscale compare", () => {
  /** The published run, and the same with one plane slower. */
  const published = join(PUBLISHED, "default");
  const slowed = (factor: number, edit: (results: Results) => void = () => {}): string => {
    const results = readResults(published);
    for (const cell of results.cells) {
      if (cell.plane !== "nftables") continue;
      for (const replicate of cell.replicates) replicate.median *= factor;
    }
    edit(results);
    return file(`head-${factor}.json`, JSON.stringify(results));
  };

  it("finds no difference between a run and itself, and exits 0", async () => {
    const { status, stdout } = await lbscale(["compare", published, published]);
    expect(stdout).toMatch(/min\. detectable[\s\S]*no plane is slower in HEAD/);
    expect(status).toBe(0);
  });

  it("names the plane that became slower, and exits 1", async () => {
    const { status, stdout, stderr } = await lbscale(["compare", published, slowed(1.5)]);
    expect(stderr).toBe("lbscale: HEAD is slower than BASE: nftables\n");
    expect(stdout).toMatch(/nftables .*slower/);
    expect(status).toBe(1);
    const json = JSON.parse((await lbscale(["compare", published, slowed(1.5), "--json"])).stdout);
    expect(json).toMatchObject({ regression: true, minEffect: 0.05, reasons: [] });
  });

  it("refuses runs that can't be compared, unless --anyway is given", async () => {
    const other = slowed(1, ({ run }) => {
      run.seed = 99;
    });
    const refused = await lbscale(["compare", published, other]);
    expect(refused.stderr).toMatch(/seed: 1 and 99; --anyway compares them/);
    expect([refused.status, refused.stdout]).toEqual([2, ""]);
    const anyway = await lbscale(["compare", published, other, "--anyway"]);
    expect(anyway.stderr).toMatch(/compared anyway, although: seed/);
    expect(anyway.status).toBe(0);
  });
});

describe("lbscale report of several runs", () => {
  const newer = join(PUBLISHED, "default");
  const older = join(folder, "older");
  const runs = [newer, older];
  beforeAll(() => {
    const results = readResults(newer);
    results.run.startedAt = "2026-11-28T12:00:00Z";
    mkdirSync(older);
    writeFileSync(join(older, "results.json"), JSON.stringify(results));
  });

  it("draws a series of each, and says what they differ in", async () => {
    const out = file("merged", "");
    const { status, stdout, stderr } = await lbscale([
      "report",
      ...runs,
      "--out",
      `${out}-folder`,
      "--formats",
      "md",
    ]);
    expect([stderr.split("\n").filter((line) => line.includes("no chart"))[0], status]).toEqual([
      undefined,
      0,
    ]);
    expect(stderr).toMatch(/^date differs: \d{4}-\d\d-\d\d \(default\), 2026-11-28 \(older\)$/m);
    expect(readFileSync(stdout.trim(), "utf8")).toMatch(/ipvs[^|]*, older \|/i);
  });

  it("wants a folder for what it draws, and runs with names that differ", async () => {
    expect((await lbscale(["report", ...runs])).stderr).toMatch(
      /several runs have no folder in common: name one with --out/,
    );
    expect((await lbscale(["report", runs[0]!, runs[0]!, "--out", "x"])).stderr).toMatch(
      /two runs have the label/,
    );
  });

  it("prints several runs as one table, without a folder", async () => {
    const { status, stdout } = await lbscale(["report", ...runs, "--formats", "text"]);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/ipvs[^\n]*, older/i)]);
  });
});

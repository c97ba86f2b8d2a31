import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../src/results/files.js";
import { folder, lbscale } from "../support/cli.js";
import { TINY } from "../support/inputs.js";

describe("lbscale run", () => {
  const tiny = join(folder, "tiny");
  let measured: ReturnType<typeof lbscale>;
  beforeAll(() => {
    measured = lbscale([...TINY, "--out", tiny]);
  });

  it("measures, saves, draws, and prints a table; report draws the same bytes again", () => {
    const out = tiny;
    const { status, stdout } = measured;
    expect(status).toBe(0);
    expect(stdout).toMatch(/ns ┤[\s\S]*services\s+plane\s+median/);
    expect(existsSync(join(out, "report.html"))).toBe(true);
    const results = readResults(out);
    expect(results.run.complete).toBe(true);
    expect(results.equivalence.disagreements).toBe(0);
    for (const cell of results.cells) {
      expect(cell.replicates).toHaveLength(1);
      expect(cell.replicates[0]!.checkedBatches).toBeGreaterThan(0);
      expect(cell.estimate?.kind).toBe("range");
    }
    const again = join(folder, "again");
    lbscale(["report", out, "--out", again, "--theme", "light", "--formats", "png,md,csv"]);
    for (const name of readdirSync(again)) {
      expect(readFileSync(join(again, name)).equals(readFileSync(join(out, "charts", name)))).toBe(true);
    }
    expect(lbscale([...TINY, "--out", out]).stderr).toMatch(/holds a run already/);
  });

  it("keeps no path, host or user name in what it stores", () => {
    for (const name of ["results.json", "report.html"]) {
      const text = readFileSync(join(tiny, name), "utf8");
      for (const secret of [folder, process.cwd(), os.hostname(), os.homedir()]) {
        if (secret.length > 3) expect(text).not.toContain(secret);
      }
    }
  });

  it("does not resume what is complete, or what began on another machine", () => {
    const out = join(folder, "moved");
    mkdirSync(out);
    const results = readResults(tiny);
    expect(lbscale(["run", "--resume", "--out", tiny]).stderr).toMatch(/is complete: nothing to resume/);
    results.run.complete = false;
    results.environment.cpu = "Z80";
    writeFileSync(join(out, "results.json"), JSON.stringify(results));
    const { status, stderr } = lbscale(["run", "--resume", "--out", out]);
    expect(stderr).toMatch(/was started in a different environment: cpu was Z80 and is .*; start a new run/);
    expect(status).toBe(2);
  });

  it("stores every top-level field that `lbscale schema` requires, and the schema forbids none", () => {
    const { stdout } = lbscale(["schema"]);
    // planes and scenarios came later: older runs lack them, new ones have them.
    const stored = [...JSON.parse(stdout).required, "planes", "scenarios"].sort();
    expect(Object.keys(readResults(tiny)).sort()).toEqual(stored);
    expect(stdout).not.toMatch(/"additionalProperties": false/);
  });
});

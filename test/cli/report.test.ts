import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { commandLine } from "../support/in-process.js";
import { PUBLISHED } from "../support/inputs.js";
import { fakeResults } from "../support/results.js";

const { folder, lbscale } = commandLine();

afterEach(() => void vi.unstubAllEnvs());

describe("lbscale report", () => {
  /** A folder with results that were never measured: reports need no more. */
  const run = join(folder, "fake");
  const fake = fakeResults({ planes: ["iptables", "ebpf"], services: [1, 2] });
  beforeAll(() => {
    mkdirSync(run);
    writeFileSync(join(run, "results.json"), JSON.stringify(fake));
  });

  it("says in one line how many charts are not drawn, and of each why with --verbose", async () => {
    const args = ["report", run, "--formats", "svg", "--theme", "light"];
    const { stderr } = await lbscale(args);
    expect(stderr).toMatch(/^\d\d charts are not drawn, .*; --verbose says what they need\n$/);
    const lines = (await lbscale([...args, "--verbose"])).stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(Number.parseInt(stderr, 10));
    for (const line of lines) expect(line).toMatch(/^no chart ".*": ./);
  });

  describe("--chart", () => {
    const rested = join(folder, "rested");
    beforeAll(() => {
      mkdirSync(rested);
      const results = structuredClone(fake);
      for (const cell of results.cells) cell.scenario = "nap";
      results.scenarios = {
        nap: {
          label: "Lookups after a nap",
          question: "Does a rested plane decide faster?",
          unit: "ns",
          axis: "services",
          positionMatters: false,
          captions: { model: "Median time of a rested lookup" },
          chart: { title: "Rested lookups", neutralTitle: "Lookups after a nap" },
        },
      };
      writeFileSync(join(rested, "results.json"), JSON.stringify(results));
    });

    it("draws a scenario that has words for a chart and no file in src/charts", async () => {
      const { stdout, stderr } = await lbscale([
        "report",
        rested,
        "--chart",
        "nap",
        "--formats",
        "svg",
        "--theme",
        "dark",
      ]);
      expect(stderr).toBe("");
      expect(stdout.trim()).toBe(join(rested, "charts", "nap-dark.svg"));
      expect(readFileSync(stdout.trim(), "utf8")).toContain("<svg");
    });

    it("refuses an unknown chart with the ids there are, the run's own among them", async () => {
      const { status, stdout, stderr } = await lbscale(["report", rested, "--chart", "pie"]);
      expect(stderr).toMatch(/^lbscale: .*pie.*choose from columns.*\bnap\n$/);
      expect([status, stdout]).toEqual([2, ""]);
    });
  });

  it("writes what CI services read", async () => {
    const out = join(folder, "exports");
    await lbscale(["report", run, "--formats", "github,bencher", "--out", out]);
    const results = fake;
    const github = JSON.parse(readFileSync(join(out, "github-benchmark.json"), "utf8"));
    expect(github).toHaveLength(results.cells.length);
    expect(github[0]).toMatchObject({
      name: "iptables/lookup/1 (model)",
      unit: "ns",
      value: results.cells[0]!.estimate!.median,
      range: expect.stringMatching(/^± /),
    });
    const bencher = JSON.parse(readFileSync(join(out, "bencher.json"), "utf8"));
    const { value, lower_value, upper_value } = bencher["iptables/lookup/1 (model)"].latency;
    expect(lower_value).toBeLessThanOrEqual(value);
    expect(upper_value).toBeGreaterThanOrEqual(value);
  });

  it("prints charts and the table as text, in ASCII where the terminal has no UTF-8", async () => {
    const published = join(PUBLISHED, "default");
    const text = async (locale: string) => {
      vi.stubEnv("LC_ALL", locale);
      return (await lbscale(["report", published, "--formats", "text"])).stdout;
    };
    expect(await text("C.UTF-8")).toMatch(/100 µs ┤.*\n[\s\S]*i iptables[\s\S]*services\s+plane\s+median/);
    expect(await text("C")).toMatch(/^[\n -~]+$/);
    expect(await text("C")).toContain("100 us +");
  });

  it("writes slides next to results.json, and charts into charts/", async () => {
    expect(
      (await lbscale(["report", run, "--formats", "pptx,slides-pdf,csv"])).stdout.split("\n").sort(),
    ).toEqual(
      ["", join("charts", "table.csv"), "slides.pdf", "slides.pptx"].map((name) =>
        name === "" ? "" : join(run, name),
      ),
    );
  });

  it("refuses text together with --json", async () => {
    const { status, stderr } = await lbscale(["report", run, "--formats", "text", "--json"]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/choose one/)]);
  });
});

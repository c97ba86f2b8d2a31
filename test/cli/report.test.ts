import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { folder, lbscale, PUBLISHED, publishedRun } from "../support/cli.js";
import { inProcess } from "../support/in-process.js";
import { fakeResults } from "../support/results.js";

describe("lbscale report", () => {
  /** A folder with results that were never measured: reports need no more. */
  const run = join(folder, "fake");
  const fake = fakeResults({ planes: ["iptables", "ebpf"], services: [1, 2] });
  beforeAll(() => {
    mkdirSync(run);
    writeFileSync(join(run, "results.json"), JSON.stringify(fake));
  });

  it.each([publishedRun()])(
    "puts %s into one page under 1.5 MB that may run its own script and reach nothing",
    async (name) => {
      const out = join(folder, "page");
      expect(lbscale(["report", join(PUBLISHED, name), "--formats", "html", "--out", out]).status).toBe(0);
      const html = readFileSync(join(out, "report.html"), "utf8");
      expect(Buffer.byteLength(html)).toBeLessThan(1.5e6);
      const [, policy] = /Content-Security-Policy" content="([^"]+)"/.exec(html)!;
      const [script, style] = ["script", "style"].map((tag) => {
        const [, text] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)!;
        return `'sha256-${createHash("sha256").update(text!).digest("base64")}'`;
      });
      expect(policy).toBe(
        `default-src 'none'; script-src ${script}; style-src ${style}; img-src data: blob:; base-uri 'none'; form-action 'none'`,
      );
      // Chart.js names its licence and its site, in comments and links that nobody follows.
      expect(html).not.toMatch(/<(?:link|img|iframe)\b|<script [^>]*src=|url\((?!#)/);
    },
  );

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
      const { stdout, stderr } = await inProcess([
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
      const { status, stdout, stderr } = await inProcess(["report", rested, "--chart", "pie"]);
      expect(stderr).toMatch(/^lbscale: .*pie.*choose from columns.*\bnap\n$/);
      expect([status, stdout]).toEqual([2, ""]);
    });
  });

  it("writes what CI services read", async () => {
    const out = join(folder, "exports");
    await inProcess(["report", run, "--formats", "github,bencher", "--out", out]);
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

  it("lets no name out of the page's data or into its markup", async () => {
    const run = join(folder, "hostile");
    const hostile = "</script><script>alert(1)</script><!--";
    const results = structuredClone(fake);
    results.environment.cpu = hostile;
    results.cells[0]!.warnings = [hostile];
    mkdirSync(run);
    writeFileSync(join(run, "results.json"), JSON.stringify(results));
    expect(lbscale(["report", run, "--formats", "html"]).status).toBe(0);
    const html = readFileSync(join(run, "report.html"), "utf8");
    expect(html).not.toContain("<script>alert");
    expect(html.match(/<script/g)!.length).toBe(html.match(/<\/script>/g)!.length);
  });

  it("prints charts and the table as text, in ASCII where the terminal has no UTF-8", async () => {
    const published = join(PUBLISHED, publishedRun());
    const text = async (locale: string) =>
      (await inProcess(["report", published, "--formats", "text"], { LC_ALL: locale })).stdout;
    expect(await text("C.UTF-8")).toMatch(/100 µs ┤.*\n[\s\S]*i iptables[\s\S]*services\s+plane\s+median/);
    expect(await text("C")).toMatch(/^[\n -~]+$/);
    expect(await text("C")).toContain("100 us +");
  });

  it("writes slides next to results.json, and charts into charts/", async () => {
    expect(
      (await inProcess(["report", run, "--formats", "pptx,slides-pdf,csv"])).stdout.split("\n").sort(),
    ).toEqual(
      ["", join("charts", "table.csv"), "slides.pdf", "slides.pptx"].map((name) =>
        name === "" ? "" : join(run, name),
      ),
    );
  });

  it("refuses text together with --json", async () => {
    const { status, stderr } = await inProcess(["report", run, "--formats", "text", "--json"]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/choose one/)]);
  });
});

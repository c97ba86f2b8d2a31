import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { PNG } from "pngjs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { writeResults } from "../../src/results/files.js";
import type { Results } from "../../src/results/schema.js";
import {
  fakeResults,
  withBalance,
  withConnections,
  withEndpoints,
  withPrograms,
} from "../support/results.js";
import { NEEDED, viewer } from "./viewers.js";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = `</script><script>document.title="owned"</script><img src=x onerror=document.title="owned">`;

const executablePath = viewer("chromium", "chromium-browser", "google-chrome");

/** A run with every scenario, percentiles, and names that want to be HTML. */
function everything(): Results {
  const results = withBalance(withConnections(withPrograms(withEndpoints(fakeResults()))));
  const percentile = (value: number) => ({ value, interval: [value * 0.9, value * 1.1] as [number, number] });
  for (const cell of results.cells.filter(({ scenario }) => scenario === "lookup")) {
    const { median } = cell.estimate!;
    if (cell.services < 100) continue;
    cell.percentiles = {
      lookups: 1000,
      p01: percentile(median / 2),
      p50: percentile(median),
      p90: percentile(median * 2),
      p99: percentile(median * 3),
      p999: null,
    };
  }
  results.environment.cpu = HOSTILE;
  results.findings.push({
    id: "x",
    headline: HOSTILE,
    sentence: HOSTILE,
    cells: [],
    value: 1,
    interval: [1, 1],
  });
  return results;
}

describe.skipIf(executablePath === undefined)(`report.html in Chromium (${NEEDED})`, () => {
  let folder: string;
  let url: string;
  let browser: Browser;
  /** What the page requested in addition to itself, and what went wrong in it. */
  const asked: string[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(os.tmpdir(), "lbscale-page-"));
    writeResults(folder, everything());
    execFileSync(process.execPath, [MAIN, "report", folder, "--formats", "html"]);
    url = pathToFileURL(join(folder, "report.html")).href;
    // Chromium's sandbox wants privileges that a container has not; it opens nothing but this page.
    browser = await chromium.launch({ executablePath: executablePath!, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  async function open(width = 1280, colorScheme: "light" | "dark" = "light"): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    const page = await context.newPage();
    page.on("request", (request) => asked.push(request.url()));
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  const titles = (page: Page) => page.locator(".figure:visible h3").allTextContents();
  const pixels = async (page: Page) =>
    PNG.sync.read(await page.locator("#chart-scaling canvas").screenshot()).data;

  it("draws every chart that the run can fill, asks for nothing, and logs no error", async () => {
    const page = await open();
    const drawn = await page.locator(".figure").evaluateAll((all) => all.map(({ id }) => id.slice(6)));
    const pictures = JSON.parse(
      execFileSync(
        process.execPath,
        [
          MAIN,
          "report",
          folder,
          "--formats",
          "svg",
          "--theme",
          "light",
          "--out",
          join(folder, "out"),
          "--json",
        ],
        { encoding: "utf8" },
      ),
    ) as string[];
    expect(drawn).toEqual(pictures.map((path) => path.replace(/.*\/|-light\.svg/g, "")));
    expect(await page.locator("canvas").count()).toBe(drawn.length);
    expect(asked.filter((target) => target !== url)).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("runs no script out of a name, and shows it as text", async () => {
    const page = await open();
    expect(await page.title()).not.toBe("owned");
    expect(await page.locator("dd", { hasText: "</script>" }).count()).toBe(1);
    expect(await page.locator("img").count()).toBe(0);
  });

  it.each([
    [1280, "light"],
    [1280, "dark"],
    [360, "light"],
    [360, "dark"],
  ] as const)("breaks no rule of axe-core at %i px in %s, with every table open", async (width, scheme) => {
    const page = await open(width, scheme);
    await page.locator("details").evaluateAll((all) => {
      for (const details of all) (details as HTMLDetailsElement).open = true;
    });
    // Not as an element of the page, which its policy would refuse.
    await page.evaluate(AXE);
    const violations = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
    });
    expect(violations).toEqual([]);
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(sideways).toBe(0);
  });

  it("gives each chart a text with its numbers, and a table behind it", async () => {
    const page = await open();
    const text = await page.locator("#chart-scaling canvas").getAttribute("aria-label");
    expect(text).toMatch(/iptables: .*\d+ ns at N = 1, .* at N = 30,000/);
    await page.locator("#chart-scaling summary").click();
    const row = page.locator("#chart-scaling tr", { has: page.getByRole("rowheader", { name: "1,000" }) });
    expect(await row.locator("td").allTextContents()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d[\d.]* [nµ]s \[.*\]$/)]),
    );
  });

  it("is read by keyboard: arrows say one point after the other with its interval", async () => {
    const page = await open();
    await page.locator("#chart-scaling canvas").focus();
    await page.keyboard.press("ArrowRight");
    const said = page.locator("#chart-scaling .said");
    expect(await said.textContent()).toMatch(/^eBPF hash at 1: \d+ ns \[.*\]$/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    expect(await said.textContent()).toMatch(/^eBPF \+ Maglev at 100?: /);
  });

  it("hides planes, and then says nothing of them", async () => {
    const page = await open();
    await page.getByRole("checkbox", { name: "iptables" }).uncheck();
    const text = await page.locator("#chart-scaling canvas").getAttribute("aria-label");
    expect(text).not.toContain("iptables");
    expect((await titles(page)).join(" ")).not.toContain("iptables is");
  });

  it("names lines in a legend above the plot on a phone, where their ends have no room for it", async () => {
    const page = await open(390);
    const canvas = page.locator("#chart-scaling canvas");
    const picture = PNG.sync.read(await canvas.screenshot());
    // No line reaches the uppermost fifth, of which the left part is read: what has a plane's colour there is the legend.
    const found = new Set<string>();
    for (let y = 0; y < picture.height / 5; y++) {
      for (let x = 0; x < 0.7 * picture.width; x++) {
        const at = 4 * (y * picture.width + x);
        found.add(picture.data.subarray(at, at + 3).toString("hex"));
      }
    }
    for (const colour of ["0072b2", "009e73", "cc79a7", "d55e00"]) expect(found).toContain(colour);
  });

  it.each([
    [1280, 900],
    [390, 844],
  ])("opens with the main chart, at %i px of width and %i px of height", async (width, height) => {
    const page = await open(width);
    await page.setViewportSize({ width, height });
    const plot = await page.locator("#figures .figure canvas").first().boundingBox();
    // Its legend and its upper part are there without scrolling, and it is as wide as the screen.
    expect(plot!.y).toBeLessThan(0.75 * height);
    expect(plot!.width).toBeGreaterThan(0.75 * width);
  });

  it("shows the charts of one scenario", async () => {
    const page = await open();
    await page.locator("#controls").getByLabel("Scenario").selectOption("endpoints");
    const ids = await page.locator(".figure:visible").evaluateAll((all) => all.map(({ id }) => id));
    expect(ids).toEqual(["chart-endpoints", "chart-endpoints-affinity"]);
  });

  it("shows percentiles in place of medians, and says so", async () => {
    const page = await open();
    const before = await page.locator("#chart-scaling canvas").getAttribute("aria-label");
    await page.locator("#controls").getByLabel("Statistic").selectOption("p99");
    expect(await page.locator("#chart-scaling .subtitle").textContent()).toMatch(
      /^Model: 99th percentile of lookup time/,
    );
    expect(await page.locator("#chart-scaling canvas").getAttribute("aria-label")).not.toBe(before);
    expect(await page.locator("#shown").textContent()).toMatch(/\d+ of \d+ measurements have this statistic/);
  });

  it("draws linear axes, and says so", async () => {
    const page = await open();
    const before = await pixels(page);
    await page.locator("#controls").getByLabel("Scale").selectOption("linear");
    expect(await page.locator("#chart-scaling .subtitle").textContent()).toContain("linear scale");
    expect((await pixels(page)).equals(before)).toBe(false);
  });

  it("follows the system's theme until the reader chooses one", async () => {
    const page = await open();
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await ground()).toBe("rgb(255, 255, 255)");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await ground()).toBe("rgb(18, 22, 28)");
    await page.locator("#controls").getByLabel("Theme").selectOption("light");
    expect(await ground()).toBe("rgb(255, 255, 255)");
  });

  it("saves a chart as PNG, its numbers as CSV, and all numbers as JSON", async () => {
    const page = await open();
    const save = async (name: string) => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name }).click(),
      ]);
      return readFileSync(await download.path());
    };
    const png = PNG.sync.read(
      await save("Picture (PNG): Time of one lookup against the number of services, log–log"),
    );
    expect([png.width, png.height]).toEqual([3200, 1800]);
    const csv = (
      await save("Numbers (CSV): Time of one lookup against the number of services, log–log")
    ).toString();
    const { median, interval } = everything().cells.find(
      ({ plane, services }) => plane === "iptables" && services === 1000,
    )!.estimate!;
    expect(csv).toContain(`iptables,1000,${median},${interval[0]},${interval[1]}\r\n`);
    const json = JSON.parse((await save("All numbers (JSON)")).toString()) as Results;
    expect(json.cells).toHaveLength(everything().cells.length);
  });

  it("prints light, without its controls, on pages that hold each chart whole", async () => {
    const page = await open(1280, "dark");
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("#controls").isVisible()).toBe(false);
    expect(await page.locator("#table-heading").isVisible()).toBe(false);
    await page.locator("section:has(#table-heading) > details").evaluate((details) => {
      (details as HTMLDetailsElement).open = true;
    });
    expect(await page.locator("#table-heading").isVisible()).toBe(true);
    await expect
      .poll(() => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor))
      .toBe("rgb(255, 255, 255)");
    expect((await page.pdf({ format: "A4" })).subarray(0, 5).toString()).toBe("%PDF-");
  });
});

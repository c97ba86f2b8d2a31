import { createRequire } from "node:module";
import type { ChartConfiguration } from "chart.js";
import { describe, expect, it } from "vitest";
import { fakeFinding, fakeResults, withBalance, withChanges } from "../../../test/support/results.js";
import { findFindings } from "../../analysis/findings/index.js";
import { resultsHash } from "../../charts/caption-text.js";
import { CHARTS } from "../../charts/index.js";
import { cellId } from "../../results/cells.js";
import { planeReport } from "../../results/descriptors.js";
import { nativeCaption, nativeChart } from "./native.js";
import { pdfDeck } from "./pdf.js";
import { pptxDeck } from "./pptx.js";
import { notesOf, slidesOf } from "./slides.js";

const VIEW = { theme: "light", width: 1600, height: 900 } as const;
const FINDINGS = [
  fakeFinding("iptables-factor", "At 30,000 Services iptables is 400 times slower"),
  fakeFinding("iptables-slope", "Every Service adds 1.2 ns to an iptables lookup"),
  fakeFinding("work-constant", "eBPF hash does constant work"),
];
const results = withBalance(fakeResults({ findings: FINDINGS, missing: ["ipvs/100"] }));

const require = createRequire(import.meta.url);
const JSZip = createRequire(require.resolve("pptxgenjs"))("jszip") as {
  loadAsync(data: Uint8Array): Promise<{
    files: Record<string, { async(type: "string"): Promise<string> }>;
  }>;
};
/** The parts of a deck whose names match, in order. */
async function parts(deck: Uint8Array, pattern: RegExp): Promise<string[]> {
  const { files } = await JSZip.loadAsync(deck);
  const names = Object.keys(files).filter((name) => pattern.test(name));
  return Promise.all(names.sort().map((name) => files[name]!.async("string")));
}

describe("slides", () => {
  it("are one for each finding, with a chart that says it, another one where two can", () => {
    const slides = slidesOf(results, VIEW);
    expect(slides.map(({ chart }) => chart.id)).toEqual(["columns", "scaling", "work"]);
    expect(slides.map(({ build }) => build(VIEW).title)).toEqual(FINDINGS.map(({ headline }) => headline));
  });

  it("show lines instead of columns where there are more than eight planes", () => {
    const versions = ["1.34", "1.35", "1.36", "1.37"].map((version) => `nftables@${version}`);
    const planes = ["iptables", "ipvs", "nftables", "ebpf", "ebpf-maglev", ...versions];
    const chartOf = (of: readonly string[]) =>
      slidesOf(fakeResults({ planes: of, findings: FINDINGS.slice(0, 1) }), VIEW)[0]!.chart.id;
    expect([chartOf(planes.slice(0, 8)), chartOf(planes)]).toEqual(["columns", "scaling"]);
  });

  it("state the hash of the whole results", () => {
    for (const { build } of slidesOf(results, VIEW))
      expect(build(VIEW).caption).toContain(resultsHash(results));
  });

  it("are the charts there are, where a run supports no finding", () => {
    expect(findFindings(fakeResults({ replicates: 1 }))).toEqual([]);
    const slides = slidesOf(fakeResults({ replicates: 1 }), VIEW);
    const drawn = CHARTS.filter((chart) => !("skipped" in chart.build(fakeResults({ replicates: 1 }), VIEW)));
    expect(slides.map(({ chart }) => chart.id)).toEqual(drawn.map(({ id }) => id));
  });

  it("have notes with the sentence, the method and the command", () => {
    const [slide] = slidesOf(results, VIEW);
    const notes = notesOf(slide!, slide!.build(VIEW), results);
    for (const text of [FINDINGS[0]!.sentence, "fresh processes", "lbscale run --seed 1", "not the kernel"])
      expect(notes).toContain(text);
  });

  it("have notes with the warnings of the cells that the finding rests on, and of no others", () => {
    const warned = fakeResults();
    warned.findings = findFindings(warned);
    const [slide] = slidesOf(warned, VIEW);
    const named = new Set(slide!.finding!.cells);
    for (const cell of warned.cells)
      cell.warnings = named.has(cellId(cell)) ? ["a", "b", "c", "d", "e"] : ["elsewhere"];
    const notes = notesOf(slide!, slide!.build(VIEW), warned);
    expect(notes).toContain("Warning: a\n\nWarning: b\n\nWarning: c\n\n2 more warnings: the page has them.");
    expect(notes).not.toContain("elsewhere");
  });
});

describe("the deck for PowerPoint", () => {
  it("holds charts, not pictures, with both axes logarithmic and every series as it looks", async () => {
    const [columns, scaling] = await parts(
      await pptxDeck([results], "light"),
      /^ppt\/charts\/chart\d+\.xml$/,
    );
    expect(columns).toContain("<c:barChart>");
    expect(scaling!.match(/<c:logBase val="10"\/>/g)).toHaveLength(2);
    const look = [...scaling!.matchAll(/<c:symbol val="(\w+)"\/>/g)].map(([, symbol]) => symbol);
    expect(look).toEqual(["diamond", "x", "square", "triangle", "circle"]);
    for (const colour of ["0072B2", "009E73", "D55E00"]) expect(scaling).toContain(`srgbClr val="${colour}"`);
  });

  it("has the numbers of its axes at the edge: each axis crosses the other at its least", async () => {
    // Axes whose least differ: 1 service, 100 ns or more.
    const changes = withChanges(fakeResults({ services: [1] }));
    changes.findings = findFindings(changes);
    const charts = await parts(await pptxDeck([changes], "light"), /^ppt\/charts\/chart\d+\.xml$/);
    const lines = charts.filter((chart) => chart.includes("<c:scatterChart>"));
    expect(lines.length).toBeGreaterThan(2);
    for (const chart of lines) {
      const axes = [...chart.matchAll(/<c:valAx>.*?<\/c:valAx>/gs)].map(([axis]) => axis);
      const number = (axis: string, name: string) => new RegExp(`<c:${name} val="([^"]+)"`).exec(axis)?.[1];
      expect(axes.map((axis) => number(axis, "crossesAt"))).toEqual(
        axes.map((axis) => number(axis, "min")).reverse(),
      );
    }
  });

  it("has the intervals as error bars, and no point where nothing was measured", async () => {
    const [, scaling] = await parts(await pptxDeck([results], "light"), /^ppt\/charts\/chart\d+\.xml$/);
    expect(scaling!.match(/<c:errBars>/g)).toHaveLength(5);
    const { median, interval } = results.cells[0]!.estimate!;
    expect(scaling).toContain(`<c:v>${interval[1] - median}</c:v>`);
    expect(scaling).not.toMatch(/<c:v><\/c:v>/);
  });

  it("is the same file for the same results, and states no time but the run's", async () => {
    const [first, second] = [await pptxDeck([results], "dark"), await pptxDeck([results], "dark")];
    expect(Buffer.from(first).equals(Buffer.from(second))).toBe(true);
    const [core] = await parts(first, /^docProps\/core\.xml$/);
    expect(core!.match(/\d{4}-\d\d-\d\dT[\d:]+Z/g)).toEqual(["2026-11-24T09:30:00Z", "2026-11-24T09:30:00Z"]);
  });

  it("has a title, a slide per finding with notes, and the method", async () => {
    const deck = await pptxDeck([results], "light");
    const slides = await parts(deck, /^ppt\/slides\/slide\d+\.xml$/);
    expect(slides).toHaveLength(FINDINGS.length + 2);
    const notes = await parts(deck, /^ppt\/notesSlides\/notesSlide\d+\.xml$/);
    expect(notes[1]).toContain(FINDINGS[0]!.sentence);
  });

  it("has all of a page's lines on it, however many they are", async () => {
    const others = Array.from({ length: 20 }, (_, i) =>
      fakeFinding(`other-${i}`, `Finding ${i} has no chart`),
    );
    const deck = await pptxDeck([fakeResults({ findings: [...FINDINGS, ...others] })], "light");
    const page = (await parts(deck, /^ppt\/slides\/slide\d+\.xml$/)).find((xml) =>
      xml.includes("Also found"),
    )!;
    const lines = page.split("<a:p>").filter((paragraph) => paragraph.includes("has no chart"));
    const hundredths = (text: string, name: RegExp) => Number(name.exec(text)![1]);
    const points = lines.map(
      (line) => (1.2 * hundredths(line, / sz="(\d+)"/) + hundredths(line, /<a:spcPts val="(\d+)"/)) / 100,
    );
    expect(points).toHaveLength(20);
    expect(points.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(5.2 * 72);
  });

  it("escapes names", async () => {
    const hostile = fakeResults({ planes: ["iptables", `<a:t>&"evil`], findings: FINDINGS.slice(1, 2) });
    for (const xml of await parts(await pptxDeck([hostile], "light"), /\.xml$/)) {
      expect(xml).not.toContain(`<a:t>&"`);
      expect(xml).not.toContain("<c:v><a:t>");
    }
  });
});

describe("native charts", () => {
  const axis = (min: number, max: number, callback: (value: number) => string, type = "logarithmic") =>
    nativeChart(
      {
        type: "line",
        data: {
          datasets: [
            {
              label: "a",
              data: [
                { x: 1, y: min },
                { x: 10, y: max },
              ],
            },
          ],
        },
        options: {
          scales: { x: { type: "logarithmic", min: 1, max: 10 }, y: { type, min, max, ticks: { callback } } },
        },
      } as unknown as ChartConfiguration,
      new Map(),
      "light",
    )!.value.formatCode;

  it("let the spreadsheet say the unit, while its cells keep nanoseconds, bytes and shares", () => {
    expect(axis(1, 1e5, (ns) => `${ns} ns`)).toBe(
      '[>=1000000]#,##0,," ms  ";[>=1000]0," µs  ";General" ns  "',
    );
    expect(axis(1, 1e5, (bytes) => `${bytes} B`)).toContain('0," kB  "');
    expect(axis(1e4, 1e10, (bytes) => `${bytes} B`)).toMatch(/;0," kB {2}"$/);
    expect(axis(1, 1e10, (bytes) => `${bytes} B`)).toMatch(/;0\.000," kB {2}"$/);
    expect(axis(1, 1e5, (ns) => `${ns} ns/s`)).toContain('0," µs/s  "');
    expect(axis(1, 1e5, String)).toBe('#,##0"  "');
    expect(axis(0, 90_000, (ns) => `${ns} ns`, "linear")).toBe('0," µs  "');
    expect(axis(0, 1200, (ns) => `${ns} ns`, "linear")).toBe('0.0," µs  "');
    expect(axis(0, 1, (share) => `${100 * share} %`, "linear")).toBe("0%");
  });

  it("lay bars with the first on top, each in its colour", () => {
    const [slide] = slidesOf(
      withBalance(
        fakeResults({ services: [1], findings: [fakeFinding("balance", "Maglev moves 10 % of flows")] }),
      ),
      VIEW,
    );
    const chart = nativeChart(slide!.build(VIEW).config, new Map(), "light")!;
    expect(chart).toMatchObject({ type: "bar", horizontal: true, stacked: true });
    expect(chart.categories.at(-1)).toBe("eBPF hash");
    expect(chart.series[1]!.colours.at(-1)).toBe("0072B2");
  });

  it("have a caption that explains only what they draw", () => {
    expect(
      nativeCaption(
        "Model · seed 1 · dashed: at the socket · thin dashes: fitted laws of growth · rings: one plane overtakes another · bars: between them time grows faster than N, as caches run out · hollow circle: could not be measured",
      ),
    ).toBe("Model · seed 1 · dashed: at the socket");
    expect(
      nativeCaption(
        "Model · double bar: stock maps are full (A at 9 services), dots: variant with enlarged maps",
      ),
    ).toBe("Model · stock maps are full (A at 9 services), beyond: variant with enlarged maps");
  });

  it("are none for a kind of chart that is not known, which becomes a picture", () => {
    const pie = { type: "pie", data: { datasets: [] } } as ChartConfiguration;
    expect(nativeChart(pie, new Map(), "light")).toBeNull();
  });
});

describe("the deck as PDF", () => {
  it("has a page a slide, and is the same file for the same results", () => {
    const [first, second] = [pdfDeck([results], "light"), pdfDeck([results], "light")];
    expect(Buffer.from(first).equals(Buffer.from(second))).toBe(true);
    const pages = Buffer.from(first)
      .toString("latin1")
      .match(/\/Type \/Page\b(?!s)/g);
    expect(pages).toHaveLength(FINDINGS.length + 2);
  });
});

describe("a slide's chart", () => {
  it("has the planes that its title speaks of in their colours, and the others in grey", () => {
    const results = fakeResults();
    results.findings = findFindings(results);
    const slide = slidesOf(results, VIEW).find(({ finding }) => finding?.id === "iptables-factor")!;
    const named = new Set(slide.finding!.cells.map((id) => id.split("/")[0]));
    const colours = JSON.stringify(slide.build(VIEW).config.data.datasets);
    for (const plane of new Set(results.cells.map((cell) => cell.plane))) {
      const { light, lightColumn = light } = planeReport(results, plane).colours;
      const isOwn = colours.includes(light) || colours.includes(lightColumn);
      expect([plane, isOwn]).toEqual([plane, named.has(plane)]);
    }
    expect(colours).toContain("#B4B4B4");
    expect(named.size).toBe(2);
  });
});

import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { fakeFinding, fakeResults } from "../../../test/support/results.js";
import { UnknownNameError } from "../../errors.js";
import { renderCharts } from "./render.js";

const request = { themes: ["light"], formats: ["svg"], size: "readme", charts: ["scaling"] } as const;

describe("renderCharts", () => {
  it("gives the same bytes for the same results, as PNG, SVG and PDF", () => {
    const draw = () =>
      renderCharts(fakeResults(), { ...request, formats: ["png", "svg", "pdf"] }).map(({ bytes }) =>
        Buffer.from(bytes),
      );
    const [first, second] = [draw(), draw()];
    for (const [i, picture] of first.entries()) expect(picture.equals(second[i]!)).toBe(true);
    expect(first).toHaveLength(3);
  });

  it("gives the same bytes however many pictures the process has drawn", () => {
    // Skia numbers clip paths through the life of the process, in hexadecimal.
    const pictures = Array.from({ length: 12 }, () =>
      Buffer.from(renderCharts(fakeResults(), request)[0]!.bytes).toString("utf8"),
    );
    expect(new Set(pictures).size).toBe(1);
  });

  it("draws a PNG with two device pixels a CSS pixel", () => {
    const [slide] = renderCharts(fakeResults(), { ...request, formats: ["png"], size: "slide" });
    const { width, height } = PNG.sync.read(Buffer.from(slide!.bytes));
    expect([width, height]).toEqual([3200, 1800]);
  });

  it("draws a PDF with its text in embedded fonts, none of them of Type 3, and no pixels", () => {
    const [page] = renderCharts(fakeResults(), { ...request, charts: ["columns"], formats: ["pdf"] });
    const pdf = Buffer.from(page!.bytes).toString("latin1");
    expect(new Set(pdf.match(/\/FontName \/\w+\+(Inter-\w+)/g)).size).toBeGreaterThanOrEqual(3);
    expect(pdf.match(/\/FontFile2/g)).toHaveLength(3);
    expect(pdf).not.toMatch(/\/Type3|\/Subtype \/Image/);
    expect(pdf).toMatch(/\/MediaBox \[0 0 900 506/);
  });

  it("puts the words into an SVG, escaped, and draws text as paths", () => {
    const hostile = `<script>alert("x")</script>&`;
    const results = fakeResults({
      planes: ["iptables", hostile, "\x1b[31m\u202eevil\x00"],
      findings: [fakeFinding("iptables-slope", `${hostile} <b>`)],
    });
    results.environment.cpu = `</desc>${hostile}`;
    results.cluster.source = hostile;
    for (const { bytes } of renderCharts(results, { ...request, charts: ["columns", "scaling", "work"] })) {
      const svg = Buffer.from(bytes).toString("utf8");
      expect(svg).toMatch(/<svg[^>]*><title>|<svg[^>]*>\s*<title>/);
      expect(svg.match(/<\/desc>/g)).toHaveLength(1);
      expect(svg).not.toMatch(/<script|<b>/);
      expect(svg).toContain("<text ");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
      expect(svg).not.toMatch(/[\x00\x1b\u202e]/);
    }
  });

  it("says which charts there are when asked for one it doesn't know", () => {
    expect(() => renderCharts(fakeResults(), { ...request, charts: ["pie"] })).toThrow(UnknownNameError);
  });

  it("reports once why a chart is skipped", () => {
    const skipped: string[] = [];
    const results = { ...fakeResults(), cells: [] };
    renderCharts(results, { ...request, themes: ["light", "dark"], onSkipped: (id) => skipped.push(id) });
    expect(skipped).toEqual(["scaling"]);
  });
});

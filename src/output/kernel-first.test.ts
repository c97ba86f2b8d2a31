import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { withKernel, withSingles } from "../../test/support/results-lanes.js";
import { findFindings } from "../analysis/findings/index.js";
import { chartsOf } from "../charts/run-charts.js";
import { formatSummary } from "../cli/summary/summary.js";
import { measuredIn } from "./method.js";
import { notesOf, slidesOf } from "./slides/slides.js";
import { textCharts } from "./terminal/text-chart.js";

const VIEW = { theme: "light", width: 1600, height: 900 } as const;
const results = withKernel(withSingles(fakeResults({ services: [1, 100, 1000, 5000] })));
results.findings = findFindings(results);
/** As they were stored before a model's findings were labelled. */
const earlier = {
  ...results,
  findings: results.findings.map((finding) => ({
    ...finding,
    sentence: finding.sentence.replace("In the model, not the kernel: ", ""),
  })),
};
const ofKernel = (id: string) => /^(kernel|guest|model-versus-kernel)/.test(id);

describe("a run that measured a kernel and models", () => {
  it("leads with the kernel's findings", () => {
    const ids = results.findings.map(({ id }) => id);
    const firstModel = ids.findIndex((id) => !ofKernel(id));
    expect(firstModel).toBeGreaterThan(0);
    expect(ids.slice(firstModel).filter(ofKernel)).toEqual([]);
  });

  it("leads with the kernel's charts on the page, in text and on slides", () => {
    const drawn = chartsOf(results).filter((chart) => !("skipped" in chart.build(results, VIEW)));
    expect(drawn[0]!.id).toMatch(/^kernel-/);
    expect(textCharts(results, { most: 1 })[0]).toContain("Linux kernel");
    expect(slidesOf(results, VIEW)[0]!.chart.id).toSatisfy(ofKernel);
  });

  it("labels the model's numbers in text, in notes and in the subtitles of charts, in earlier results too", () => {
    const lines = formatSummary(earlier).split("\n");
    for (const { id, sentence } of earlier.findings) {
      expect(lines.find((line) => line.endsWith(sentence))).toMatch(
        ofKernel(id) ? /^(?!In the model)/ : /^In the model, not the kernel: /,
      );
    }
    const slides = slidesOf(earlier, VIEW).filter(({ finding }) => !ofKernel(finding!.id));
    expect(slides.length).toBeGreaterThan(0);
    for (const slide of slides) {
      const picture = slide.build(VIEW);
      expect(picture.subtitle).toMatch(/^Model: /);
      expect(notesOf(slide, picture, earlier)).toMatch(/^In the model, not the kernel: /);
    }
  });

  it("says so below the title of the page and of the deck", () => {
    const of = (lane: string) => results.cells.filter((cell) => cell.lane === lane);
    expect(measuredIn(results.cells)).toBe("measured in the kernel, with models labelled as such");
    expect(measuredIn(of("kernel"))).toBe("measured in the kernel, no models");
    expect(measuredIn(of("kernel").map((cell) => ({ ...cell, lane: "cluster" })))).toBe(
      "measured in a cluster, no models",
    );
    expect(measuredIn(of("model"))).toBe("models of the data planes, not the kernel");
  });
});

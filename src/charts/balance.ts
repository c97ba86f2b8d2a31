/** Flows that change their endpoint when one of ten leaves, and those of them that must. */

import { cellsOf, seriesLabel } from "../analysis/series.js";
import { comparePlanes } from "../results/descriptors.js";
import { formatCount } from "../text.js";
import { headline, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { axisOptions } from "./kit/axes.js";
import { frame } from "./kit/frame.js";
import { scaleOf, seriesStyle, THEMES } from "./theme.js";

const RIGHT_MARGIN = 48;

export const balance: Chart = {
  id: "balance",
  title: "Share of flows that choose another endpoint when one of ten leaves (model)",
  build(results, view) {
    const measure = {
      lane: "model",
      scenario: "balance",
      variants: [...new Set(results.cells.map(({ variant }) => variant))],
    } as const;
    const cells = cellsOf(results, measure)
      .filter(({ counts }) => counts?.["share moved"] !== undefined)
      .sort(
        (a, b) =>
          comparePlanes(results)(a.plane, b.plane) || a.counts!["share moved"]! - b.counts!["share moved"]!,
      );
    if (cells.length === 0) return { skipped: "no model balance was counted" };
    const scale = scaleOf(view);
    const theme = THEMES[view.theme];
    const words = {
      title: headline(results, ["balance"]) ?? "Flows that move when one of ten endpoints leaves",
      subtitle: "Model: share of new flows that choose another endpoint than before · lower is better",
      caption: [
        provenance(results, measure, []),
        "grey: unavoidable, flows of the endpoint that left",
        "connections that are tracked stay where they are in every plane",
      ].join(" · "),
    };
    const percent = (share: number) => `${formatCount(Math.round(share * 1000) / 10)} %`;
    const labels = cells.map((cell) => seriesLabel(results, cell));
    const { plugin, layout } = frame(words, view, () => RIGHT_MARGIN * scale);
    const share = (name: string) => cells.map(({ counts }) => counts![name]!);
    return {
      ...words,
      description: [
        words.title,
        ...cells.map((cell, i) => `${labels[i]}: ${percent(cell.counts!["share moved"]!)}`),
        words.caption,
      ].join(". "),
      config: {
        type: "bar",
        data: {
          labels,
          datasets: [
            {
              label: "unavoidable",
              data: share("least share"),
              backgroundColor: theme.secondary,
              stack: "flows",
              barPercentage: 0.8,
            },
            {
              label: "avoidable",
              data: cells.map(({ counts }) => Math.max(0, counts!["share moved"]! - counts!["least share"]!)),
              backgroundColor: cells.map(({ plane }) => seriesStyle(results, plane, view.theme).line),
              stack: "flows",
              barPercentage: 0.8,
            },
          ],
        },
        options: {
          indexAxis: "y",
          layout: layout!,
          scales: {
            y: {
              ...axisOptions("x", view, (i) => labels[i]!),
              stacked: true,
              grid: { display: false },
            },
            x: { ...axisOptions("y", view, percent), stacked: true, min: 0, max: 1 },
          },
          plugins: {
            legend: { display: false },
            title: { display: false },
            tooltip: { enabled: false },
          },
        },
        plugins: [plugin],
      },
    };
  },
};

/** Two runs in one picture: each plane's HEAD over BASE with its interval. Not among CHARTS, which show one run. */

import type { Plugin } from "chart.js";
import { comparedName } from "../analysis/comparison-text.js";
import { comparePlanes, type Described } from "../results/descriptors.js";
import type { PlaneComparison, RunComparison } from "../results/runs/compare.js";
import type { Results } from "../results/schema.js";
import { maxOf, minOf } from "../stats/extent.js";
import { plainText } from "../text.js";
import { pickTitle, resultsHash } from "./caption-text.js";
import type { Picture, View } from "./chart.js";
import { axisOptions, decadesAround, logAxis } from "./kit/axes.js";
import { dataWithFields } from "./kit/chart-seam.js";
import type { Context2D } from "./kit/context.js";
import { frame, textWidth } from "./kit/frame.js";
import { cssFont, scaleOf, seriesStyle, THEMES } from "./theme.js";

/** More rows than this would run into each other. */
const MAX_ROWS = 14;
/** Beyond this ratio between its ends the axis is logarithmic. */
const WIDEST_LINEAR = 4;
const VERDICT_GAP = 20;

export const COMPARISON_ID = "comparison";

/** Draws a comparison, most different planes where not all have room. */
export function comparisonPicture(
  base: Results,
  head: Results,
  { planes, minEffect, described: results }: RunComparison,
  view: View,
): Picture {
  const shown = [...planes]
    .sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)))
    .slice(0, MAX_ROWS)
    .sort((a, b) => a.scenario.localeCompare(b.scenario) || comparePlanes(results)(a.plane, b.plane));
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  const names = shown.map((plane) => comparedName(results, plane, planes));
  const verdicts = shown.map(({ ratio, verdict }) => `${times(ratio)}, ${verdict}`);
  const words = {
    title: comparedTitle(results, planes, minEffect),
    subtitle: `Time in HEAD over time in BASE, 95\u00a0% interval; small: each N · grey: within ${100 * minEffect}\u00a0%, not counted as a difference`,
    caption: [
      `BASE ${formatRun(base)}`,
      `HEAD ${formatRun(head)}`,
      `one test per plane over all its N at equal speed of core and memory, Holm over ${planes.length}`,
      ...(shown.length < planes.length
        ? [`the ${shown.length} most different of ${planes.length} are drawn`]
        : []),
    ].join(" · "),
  };
  const { plugin, layout } = frame(
    words,
    view,
    (ctx) =>
      maxOf(verdicts.map((text) => textWidth(ctx, text, cssFont("label", scale)))) + 2 * VERDICT_GAP * scale,
  );
  const ends = shown.flatMap(({ interval, ratio, cells }) => [
    ...interval,
    ratio,
    ...cells.map((c) => c.ratio),
  ]);
  return {
    ...words,
    description: [
      words.title,
      ...shown.map(
        ({ interval }, i) => `${names[i]}: ${verdicts[i]} [${interval.map((end) => times(end)).join(", ")}]`,
      ),
      words.caption,
    ].join(". "),
    config: {
      type: "scatter",
      data: {
        datasets: shown.flatMap(({ plane, ratio, interval, cells }, row) => {
          const style = seriesStyle(results, plane, view.theme);
          const look = { backgroundColor: style.line, borderColor: style.line, pointStyle: style.marker };
          return [
            {
              ...look,
              label: names[row]!,
              data: dataWithFields([{ x: ratio, y: row, low: interval[0], high: interval[1] }]),
              pointRadius: 9 * scale,
              pointBorderWidth: /cross|star/i.test(style.marker) ? 4 * scale : 1,
            },
            {
              ...look,
              label: `${names[row]}, each N`,
              data: cells.map((cell) => ({ x: cell.ratio, y: row, services: cell.services })),
              backgroundColor: `${style.line}80`,
              pointStyle: "circle",
              pointRadius: 4 * scale,
              borderWidth: 0,
            },
          ];
        }),
      },
      options: {
        layout: layout!,
        scales: {
          x: ratioAxis(view, ends, minEffect),
          y: {
            ...axisOptions("x", view, (row) => names[row] ?? ""),
            type: "linear",
            reverse: true,
            min: -0.5,
            max: shown.length - 0.5,
            grid: { display: false },
            afterBuildTicks(built: { ticks: { value: number }[] }) {
              built.ticks = shown.map((_, value) => ({ value }));
            },
          },
        },
        plugins: { legend: { display: false }, title: { display: false }, tooltip: { enabled: false } },
      },
      plugins: [plugin, ratioMarks(results, shown, verdicts, minEffect, view, theme.floor)],
    },
  };
}

/** The grey zone, the line of no difference, intervals and verdicts. */
function ratioMarks(
  results: Described,
  shown: readonly PlaneComparison[],
  verdicts: readonly string[],
  minEffect: number,
  view: View,
  zone: string,
): Plugin {
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  return {
    id: "ratioMarks",
    beforeDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { top, bottom } = chart.chartArea;
      const at = (ratio: number) => chart.scales.x!.getPixelForValue(ratio);
      const [left, right] = [at(1 / (1 + minEffect)), at(1 + minEffect)];
      ctx.save();
      ctx.fillStyle = zone;
      ctx.fillRect(left, top, right - left, bottom - top);
      ctx.fillStyle = theme.axis;
      ctx.fillRect(at(1) - scale, top, 2 * scale, bottom - top);
      ctx.restore();
    },
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      ctx.save();
      for (const [row, { plane, interval }] of shown.entries()) {
        const y = chart.scales.y!.getPixelForValue(row);
        const [low, high] = interval.map((end) => chart.scales.x!.getPixelForValue(end)) as [number, number];
        const style = seriesStyle(results, plane, view.theme);
        ctx.fillStyle = style.line;
        ctx.fillRect(low, y - 1.5 * scale, high - low, 3 * scale);
        for (const end of [low, high]) ctx.fillRect(end - 1.5 * scale, y - 10 * scale, 3 * scale, 20 * scale);
        ctx.font = cssFont("label", scale);
        ctx.fillStyle = style.labelColour;
        ctx.textAlign = "left";
        ctx.textBaseline = "middle";
        ctx.fillText(verdicts[row]!, chart.chartArea.right + VERDICT_GAP * scale, y);
      }
      ctx.restore();
    },
  };
}

function ratioAxis(view: View, ends: readonly number[], minEffect: number) {
  const low = Math.min(minOf(ends), 1 / (1 + minEffect));
  const high = Math.max(maxOf(ends), 1 + minEffect);
  if (high / low > WIDEST_LINEAR) return logAxis("x", view, decadesAround([low, high]), times);
  const step = [0.02, 0.05, 0.1, 0.2, 0.5, 1].find((candidate) => (high - low) / candidate <= 7) ?? 1;
  return {
    ...axisOptions("x", view, times),
    type: "linear" as const,
    min: step * Math.floor(low / step),
    max: step * Math.ceil(high / step),
    ticks: { ...axisOptions("x", view, times).ticks, stepSize: step },
  };
}

function formatRun(results: Results): string {
  const { run, environment } = results;
  const node = plainText(environment.node, 20).replace(/^v/, "");
  return `results ${resultsHash(results)} of ${plainText(run.startedAt, 40).slice(0, 10)}, seed ${run.seed}, Node ${node}, ${plainText(environment.cpu, 60)}`;
}

function comparedTitle(results: Described, planes: readonly PlaneComparison[], minEffect: number): string {
  const slower = planes.filter(({ verdict }) => verdict === "slower");
  const names = [...new Set(slower.map(({ plane }) => seriesStyle(results, plane, "light").label))];
  if (slower.length === 0) return `No plane is slower in HEAD by ${100 * minEffect}\u00a0%`;
  return pickTitle(
    [`Slower in HEAD: ${names.join(", ")}`],
    `Slower in HEAD: ${names.length} of the compared planes`,
  );
}

const times = (ratio: number): string => `×${Number(ratio.toPrecision(3))}`;

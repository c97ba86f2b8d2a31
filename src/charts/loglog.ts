/** Lines with direct labels over logarithmic or linear axes: what charts against a number have in common. */

import type { ChartConfiguration, Plugin } from "chart.js";
import type { StockEnds } from "../analysis/stock-maps.js";
import type { Described } from "../results/descriptors.js";
import { maxOf } from "../stats/extent.js";
import { formatCount } from "../text.js";
import type { View, Words } from "./chart.js";
import { linearAxis, logAxis, servicesRange } from "./kit/axes.js";
import { frame, textWidth } from "./kit/frame.js";
import { EDGE, type EndLabel, endLabels, hollowMarkers, LABEL_GAP } from "./kit/marks.js";
import { dotsBeyond, stockBars } from "./kit/stock-ends.js";
import { cssFont, scaleOf, seriesStyle, THEMES } from "./theme.js";

// CSS pixels at 1600 x 900.
/** Most room right of the plot that labels may take. */
const LABEL_GUTTER = 560;
/** Room for the right half of the last tick's number. */
const HALF_TICK = 64;
/** More markers than this on a line lie on each other, and cost time. */
const MOST_MARKERS = 200;
/** Where the plot begins at most: a wide tick label and the margin. */
const PLOT_START = 190;

export const SERVICES_AXIS = "Number of Kubernetes Services in cluster";

export interface LinePoint {
  readonly x: number;
  /** null where nothing could be measured: a gap, never bridged. */
  readonly y: number | null;
  /** The ends of its interval, for those who read the picture's data. */
  readonly low?: number;
  readonly high?: number;
}

export interface PlotLine {
  readonly plane: string;
  /** Its name, where that is not the plane's. */
  readonly label?: string;
  readonly dashed?: boolean;
  /** Not named at its end: another line of its colour is. */
  readonly unnamed?: boolean;
  /** Hollow points on a thin dotted line, named in grey: published by others. */
  readonly published?: boolean;
  /** Without markers, for a line of very many points. */
  readonly smooth?: boolean;
  /** Where its plane's stock maps are full. */
  readonly ends?: StockEnds;
  /** Ascending in x. */
  readonly points: readonly LinePoint[];
}

/** Logarithmic, or from zero in steps where the range has one. */
export interface Axis {
  readonly range: { readonly min: number; readonly max: number; readonly step?: number };
  readonly label: (value: number) => string;
  readonly name?: string;
}

/** The configuration of a log-log chart. `plugins` draw between the grid and the lines. */
export function logLogConfig(
  results: Described,
  lines: readonly PlotLine[],
  words: Words,
  view: View,
  axes: { x: string; range: { min: number; max: number }; label: (value: number) => string },
  plugins: readonly Plugin[],
): ChartConfiguration {
  const range = servicesRange(lines.flatMap((line) => line.points.map(({ x }) => x)));
  return linesConfig(
    results,
    lines,
    words,
    view,
    { x: { range, label: formatCount, name: axes.x }, y: { range: axes.range, label: axes.label } },
    plugins,
  );
}

/** The configuration of a chart of lines. An axis whose range has a step is linear, others are logarithmic. */
export function linesConfig(
  results: Described,
  lines: readonly PlotLine[],
  words: Words,
  view: View,
  axes: { x: Axis; y: Axis },
  plugins: readonly Plugin[],
  nameLines: (labels: readonly EndLabel[], view: View) => Plugin = endLabels,
): ChartConfiguration {
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  const looks = lines.map((line) => {
    const style = seriesStyle(results, line.plane, view.theme);
    return { ...line, style: { ...style, label: line.label ?? style.label } };
  });
  const named = looks.filter(({ unnamed }) => !unnamed);
  // Labels stand right of the last point. Where that is left of the axis' end, they need less room beyond it.
  const last = maxOf(lines.flatMap((line) => line.points.map(({ x }) => x)));
  const { plugin, layout } = frame(words, view, (ctx) => {
    const widest = Math.max(
      0,
      ...named.map(({ style }) => textWidth(ctx, style.label, cssFont("label", scale))),
    );
    return gutter(widest, shareOf(axes.x.range, last), view);
  });
  return {
    type: "line",
    data: {
      datasets: looks.map(({ points, style, dashed, published = false, smooth, ends }) => ({
        label: style.label,
        data: points.map(({ y, ...point }) => ({ ...point, y: y ?? Number.NaN })),
        borderColor: style.line,
        backgroundColor: published ? theme.ground : style.line,
        borderWidth: (published ? 2 : 5) * scale,
        ...(dashed && { borderDash: [14 * scale, 10 * scale] }),
        ...(published && { borderDash: [4 * scale, 6 * scale] }),
        pointStyle: style.marker,
        pointRadius: smooth || points.length > MOST_MARKERS ? 0 : 7 * scale,
        // Crosses and stars are strokes without a fill: they need the width of the line.
        pointBorderWidth: published ? 3 * scale : /cross|star/i.test(style.marker) ? 4 * scale : 1,
        pointBorderColor: style.line,
        ...dotsBeyond(ends?.enlarged, view),
        spanGaps: false,
        tension: 0,
        clip: false as const,
      })),
    },
    options: {
      layout: layout!,
      scales: {
        x: axisOf("x", axes.x, view),
        y: axisOf("y", axes.y, view),
      },
      plugins: { legend: { display: false }, title: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [
      plugin,
      ...plugins,
      stockBars(
        looks.map(({ ends }) => [ends?.enlarged, ends?.final].filter((end) => end != null)),
        view,
      ),
      hollowMarkers(
        looks.flatMap(({ points, style }) =>
          points.filter((point) => point.y === null).map(({ x }) => ({ x, colour: style.line })),
        ),
        view,
      ),
      nameLines(
        named.flatMap(({ points, style, published }) => {
          const last = points.findLast((point) => point.y !== null);
          const colour = published ? theme.secondary : style.labelColour;
          return last ? [{ text: style.label, colour, x: last.x, y: last.y! }] : [];
        }),
        view,
      ),
    ],
  };
}

function axisOf(which: "x" | "y", { range, label, name }: Axis, view: View) {
  const { min, max, step } = range;
  if (step === undefined) return logAxis(which, view, { min, max }, label, name);
  return linearAxis(which, view, { min, max, step }, label, name);
}

/** How far along an axis a value lies, from 0 to 1. */
function shareOf({ min, max, step }: Axis["range"], value: number): number {
  return step === undefined ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
}

/** Room right of the plot so that labels as wide as `widest` fit, when the last point is at `reach` of the x axis. */
function gutter(widest: number, reach: number, view: View): number {
  const scale = scaleOf(view);
  const start = PLOT_START * scale;
  const lastPoint = view.width - widest - (LABEL_GAP + EDGE) * scale;
  const needed = reach > 0 ? view.width - start - (lastPoint - start) / reach : 0;
  return Math.max(HALF_TICK * scale, Math.min(LABEL_GUTTER * scale, needed));
}

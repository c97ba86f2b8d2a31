/** Log-log lines with direct labels: what the charts `scaling` and `work` have in common. */

import type { ChartConfiguration, Plugin } from "chart.js";
import { formatCount } from "../format.js";
import { cssFont, scaleOf, seriesStyle } from "../theme.js";
import { logAxis, servicesRange } from "./axes.js";
import type { View, Words } from "./chart.js";
import { frame, textWidth } from "./frame.js";
import { EDGE, endLabels, hollowMarkers, LABEL_GAP } from "./marks.js";

// CSS pixels at 1600 x 900.
/** Most room right of the plot that labels may take. */
const LABEL_GUTTER = 270;
/** Room for the right half of the last tick's number. */
const HALF_TICK = 64;
/** Where the plot begins at most: a wide tick label and the margin. */
const PLOT_START = 190;

export const SERVICES_AXIS = "Number of Kubernetes services in cluster";

export interface Line {
  readonly plane: string;
  /** Its name, where that is not the plane's. */
  readonly label?: string;
  readonly dashed?: boolean;
  /** Ascending in x. y is null where nothing could be measured: a gap, never bridged. */
  readonly points: readonly { readonly x: number; readonly y: number | null }[];
}

/** The configuration of a log-log chart. `plugins` draw between the grid and the lines. */
export function logLogConfig(
  lines: readonly Line[],
  words: Words,
  view: View,
  axes: { x: string; range: { min: number; max: number }; label: (value: number) => string },
  plugins: readonly Plugin[],
): ChartConfiguration {
  const scale = scaleOf(view);
  const looks = lines.map((line) => {
    const style = seriesStyle(line.plane, view.theme);
    return { ...line, style: { ...style, label: line.label ?? style.label } };
  });
  const xs = lines.flatMap((line) => line.points.map((point) => point.x));
  const xRange = servicesRange(xs);
  // Labels stand right of the last point. Where that is left of the axis' end, they need less room beyond it.
  const reach = Math.log(Math.max(...xs) / xRange.min) / Math.log(xRange.max / xRange.min);
  const { plugin, layout } = frame(words, view, (ctx) => {
    const widest = Math.max(
      ...looks.map(({ style }) => textWidth(ctx, style.label, cssFont("label", scale))),
    );
    return gutter(widest, reach, view);
  });
  return {
    type: "line",
    data: {
      datasets: looks.map(({ points, style, dashed }) => ({
        label: style.label,
        data: points.map(({ x, y }) => ({ x, y: y ?? Number.NaN })),
        borderColor: style.line,
        backgroundColor: style.line,
        borderWidth: 5 * scale,
        ...(dashed && { borderDash: [14 * scale, 10 * scale] }),
        pointStyle: style.marker,
        pointRadius: 7 * scale,
        // Crosses and stars are strokes without a fill: they need the width of the line.
        pointBorderWidth: /cross|star/i.test(style.marker) ? 4 * scale : 1,
        pointBorderColor: style.line,
        spanGaps: false,
        tension: 0,
        clip: false as const,
      })),
    },
    options: {
      layout: layout!,
      scales: {
        x: logAxis("x", view, xRange, formatCount, axes.x),
        y: logAxis("y", view, axes.range, axes.label),
      },
      plugins: { legend: { display: false }, title: { display: false }, tooltip: { enabled: false } },
    },
    plugins: [
      plugin,
      ...plugins,
      hollowMarkers(
        looks.flatMap(({ points, style }) =>
          points.filter((point) => point.y === null).map(({ x }) => ({ x, colour: style.line })),
        ),
        view,
      ),
      endLabels(
        looks.flatMap(({ points, style }) => {
          const last = points.findLast((point) => point.y !== null);
          return last ? [{ text: style.label, colour: style.labelColour, x: last.x, y: last.y! }] : [];
        }),
        view,
      ),
    ],
  };
}

/** Room right of the plot so that labels as wide as `widest` fit, when the last point is at `reach` of the x axis. */
function gutter(widest: number, reach: number, view: View): number {
  const scale = scaleOf(view);
  const start = PLOT_START * scale;
  const lastPoint = view.width - widest - (LABEL_GAP + EDGE) * scale;
  const needed = reach > 0 ? view.width - start - (lastPoint - start) / reach : 0;
  return Math.max(HALF_TICK * scale, Math.min(LABEL_GUTTER * scale, needed));
}

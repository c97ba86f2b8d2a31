/** What is drawn on clustered columns: intervals, values, and a marker where a column is missing. */

import type { Chart as ChartJs, Plugin } from "chart.js";
import type { Context2D } from "../canvas.js";
import { cssFont, scaleOf, THEMES } from "../theme.js";
import type { View } from "./chart.js";
import { textWidth } from "./frame.js";
import { hollowCircle, outlinedText, whisker } from "./marks.js";

// CSS pixels at 1600 x 900.
/** An interval less tall than this would hide a small column behind its own ink. */
const SMALLEST_WHISKER = 4;
const VALUE_GAP = 8;
const MISSING_ABOVE_AXIS = 14;

/** What one column shows. */
export interface Mark {
  /** null: could not be measured. */
  readonly value: number | null;
  /** null where the source gives none. */
  readonly interval: readonly [number, number] | null;
}

interface Column {
  readonly x: number;
  readonly width: number;
}

/** Marks for series (rows) by category; undefined where a series has no such category. */
export function columnMarks(
  rows: readonly (readonly (Mark | undefined)[])[],
  format: (value: number) => string,
  view: View,
): Plugin {
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  const font = cssFont("caption", scale);
  return {
    id: "columnMarks",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const y = chart.scales.y!;
      const labelled = labelledRows(chart, ctx, rows, format, font);
      ctx.save();
      for (const [row, points] of rows.entries()) {
        for (const [i, point] of points.entries()) {
          if (point === undefined) continue;
          const column = columnAt(chart, row, i);
          if (point.value === null) {
            hollowCircle(
              ctx,
              column.x,
              chart.chartArea.bottom - MISSING_ABOVE_AXIS * scale,
              scale,
              theme.secondary,
              theme.ground,
            );
            continue;
          }
          const { value, interval } = point;
          const [low, high] = (interval ?? [value, value]).map((end) => y.getPixelForValue(end)) as [
            number,
            number,
          ];
          const drawn = low - high >= SMALLEST_WHISKER * scale;
          if (drawn)
            whisker(ctx, column.x, high, low, Math.min(12 * scale, column.width / 4), theme.text, 2 * scale);
          if (!labelled.includes(row)) continue;
          const bottom = (drawn ? high : y.getPixelForValue(value)) - VALUE_GAP * scale;
          const half = textWidth(ctx, format(value), font) / 2;
          const covers = rows.some((others, other) => {
            const neighbour = columnAt(chart, other, i);
            const beside = Math.abs(neighbour.x - column.x) < half + neighbour.width / 2;
            return other !== row && beside && topOf(chart, others[i], scale) < bottom;
          });
          if (covers) continue;
          ctx.font = font;
          ctx.textAlign = "center";
          ctx.textBaseline = "bottom";
          outlinedText(ctx, format(value), column.x, bottom, theme.text, theme.ground, scale);
        }
      }
      ctx.restore();
    },
  };
}

/** All rows where every value has room over its column; otherwise the outer two, which the chart compares. */
function labelledRows(
  chart: ChartJs,
  ctx: Context2D,
  rows: readonly (readonly (Mark | undefined)[])[],
  format: (value: number) => string,
  font: string,
): number[] {
  const texts = rows.flatMap((points) =>
    points.flatMap((point) => (point?.value == null ? [] : [format(point.value)])),
  );
  const widest = Math.max(...texts.map((text) => textWidth(ctx, text, font)));
  const all = [...rows.keys()];
  const first = columnAt(chart, 0, 0);
  const pitch = rows.length > 1 ? columnAt(chart, 1, 0).x - first.x : first.width;
  if (widest <= pitch) return all;
  // The first row's values must not seem to belong to the group before.
  const last = rows.length - 1;
  const toNextGroup = (columnAt(chart, 0, 1)?.x ?? Infinity) - columnAt(chart, last, 0).x;
  return Math.min(pitch * last, toNextGroup) >= 1.4 * widest ? [0, last] : [last];
}

/** Upper end of everything drawn for a point. */
function topOf(chart: ChartJs, point: Mark | undefined, scale: number): number {
  if (point === undefined) return chart.chartArea.bottom;
  if (point.value === null) return chart.chartArea.bottom - (MISSING_ABOVE_AXIS + 12) * scale;
  return chart.scales.y!.getPixelForValue(point.interval?.[1] ?? point.value);
}

/** A column as Chart.js laid it out; none in a category that does not exist. */
function columnAt(chart: ChartJs, row: number, i: number): Column {
  return chart.getDatasetMeta(row).data[i] as unknown as Column;
}

/** Room between the legend and the plot, which Chart.js has no option for. */
export function legendGap(px: number): Plugin {
  return {
    id: "legendGap",
    beforeInit(chart) {
      const legend = chart.legend as unknown as { fit(): void; height: number };
      const fit = legend.fit;
      legend.fit = function (this: typeof legend) {
        fit.call(this);
        this.height += px;
      };
    },
  };
}

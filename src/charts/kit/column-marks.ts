/** What is drawn on clustered columns: intervals, values, and a marker where a column is missing. */

import type { Chart as ChartJs, Plugin } from "chart.js";
import { maxOf } from "../../stats/extent.js";
import type { View } from "../chart.js";
import { chartFont, cssFont, scaleOf, THEMES, typePx } from "../theme.js";
import { type Box, overlap } from "./boxes.js";
import { columnAt, legendBox } from "./chart-seam.js";
import type { Context2D } from "./context.js";
import { textWidth } from "./frame.js";
import { hollowCircle, outlinedText, whisker } from "./marks.js";

// CSS pixels at 1600 x 900.
/** An interval less tall than this would hide a small column behind its own ink. */
const SMALLEST_WHISKER = 4;
const WHISKER = 2;
const WHISKER_OUTLINE = 4;
const VALUE_GAP = 8;
/** Around a value: its outline, which would eat into a column next to it, and air. */
const OUTLINE = 5;
const MISSING_ABOVE_AXIS = 14;
const BASELINE = 2;

/** What one column shows. */
export interface Mark {
  /** null: could not be measured. */
  readonly value: number | null;
  /** null where the source gives none. */
  readonly interval: readonly [number, number] | null;
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
      const labelled = labelledRows(chart, ctx, rows, format, font);
      ctx.save();
      for (const [row, points] of rows.entries()) {
        for (const [i, point] of points.entries()) {
          if (point === undefined) continue;
          const column = columnAt(chart, row, i);
          if (point.value === null) {
            const at = chart.chartArea.bottom - MISSING_ABOVE_AXIS * scale;
            hollowCircle(ctx, column.x, at, scale, theme.secondary, theme.ground);
            continue;
          }
          const whiskers = whiskersOf(chart, point, scale);
          if (!whiskers) continue;
          const cap = Math.min(12 * scale, column.width / 4);
          const draw = (colour: string, width: number) =>
            whisker(ctx, column.x, whiskers.high, whiskers.low, cap, colour, width * scale);
          // The outline keeps it visible on a column of its own colour: Maglev's black on white, white on dark.
          draw(theme.ground, WHISKER_OUTLINE);
          draw(theme.text, WHISKER);
        }
      }
      ctx.font = font;
      ctx.textAlign = "center";
      ctx.textBaseline = "bottom";
      const written: Box[] = [];
      for (const { row, i, value } of byHeight(rows, labelled)) {
        const text = format(value);
        const column = columnAt(chart, row, i);
        const width = textWidth(ctx, text, font) + 2 * OUTLINE * scale;
        const top = whiskersOf(chart, rows[row]![i]!, scale)?.high ?? chart.scales.y!.getPixelForValue(value);
        const bottom = top - VALUE_GAP * scale;
        // Over its column, or where the outer ones of a group have a higher one next to them, from its edge into the gap.
        const lefts = [
          column.x - width / 2,
          ...(row === rows.length - 1 ? [column.x - column.width / 2] : []),
          ...(row === 0 ? [column.x + column.width / 2 - width] : []),
        ];
        const box = lefts
          .map((left) => ({ left, right: left + width, top: bottom - typePx("caption", scale), bottom }))
          .find(
            (place) =>
              place.left >= chart.chartArea.left &&
              place.right <= view.width &&
              !coversColumn(chart, rows, row, i, place, scale) &&
              !written.some((other) => overlap(place, other)),
          );
        if (!box) continue;
        written.push(box);
        outlinedText(ctx, text, (box.left + box.right) / 2, bottom, theme.text, theme.ground, scale);
      }
      ctx.restore();
    },
  };
}

/** A line across the plot, behind the columns, at the value that they are multiples of. */
export function baselineRule(value: number, view: View): Plugin {
  return {
    id: "baselineRule",
    beforeDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { left, right } = chart.chartArea;
      const y = chart.scales.y!.getPixelForValue(value);
      ctx.save();
      ctx.strokeStyle = THEMES[view.theme].secondary;
      ctx.lineWidth = BASELINE * scaleOf(view);
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(right, y);
      ctx.stroke();
      ctx.restore();
    },
  };
}

/** Whether a place for the value of a column covers another column of its group or of those next to it. */
function coversColumn(
  chart: ChartJs,
  rows: readonly (readonly (Mark | undefined)[])[],
  row: number,
  i: number,
  place: Box,
  scale: number,
): boolean {
  return rows.some((others, other) =>
    [i - 1, i, i + 1].some((group) => {
      if ((other === row && group === i) || others[group] === undefined) return false;
      const { x, width } = columnAt(chart, other, group);
      const isNear = x - width / 2 < place.right && place.left < x + width / 2;
      // Over a lower column of another group it would seem to be that one's.
      return isNear && (group !== i || topOf(chart, others[group], scale) < place.bottom);
    }),
  );
}

/** The columns whose values are written if there is room, highest first: some rows', and the highest of each category. */
function byHeight(
  rows: readonly (readonly (Mark | undefined)[])[],
  labelled: readonly number[],
): { row: number; i: number; value: number }[] {
  const columns = rows.flatMap((points, row) =>
    points.flatMap((point, i) => (point?.value == null ? [] : [{ row, i, value: point.value }])),
  );
  columns.sort((a, b) => b.value - a.value);
  return columns.filter((column, at) => {
    const highest = columns.findIndex(({ i }) => i === column.i) === at;
    return highest || labelled.includes(column.row);
  });
}

/** Both ends of a point's interval in pixels; null if there is none, or its ink would hide a small column. */
function whiskersOf(chart: ChartJs, { interval }: Mark, scale: number): { low: number; high: number } | null {
  if (interval === null) return null;
  const [low, high] = interval.map((end) => chart.scales.y!.getPixelForValue(end)) as [number, number];
  return low - high >= SMALLEST_WHISKER * scale ? { low, high } : null;
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
  const widest = maxOf(texts.map((text) => textWidth(ctx, text, font)));
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

/** Room between the legend and the plot, which Chart.js has no option for. */
export function legendGap(px: number): Plugin {
  return {
    id: "legendGap",
    beforeInit(chart) {
      const legend = legendBox(chart);
      const fit = legend.fit;
      legend.fit = function (this: typeof legend) {
        fit.call(this);
        this.height += px;
      };
    },
  };
}

/** The legend above columns, at the plot's left edge. */
export function legendAbove(view: View) {
  const scale = scaleOf(view);
  return {
    position: "top" as const,
    align: "start" as const,
    labels: {
      color: THEMES[view.theme].text,
      font: chartFont("label", scale),
      boxWidth: 26 * scale,
      boxHeight: 26 * scale,
      padding: 24 * scale,
    },
  };
}

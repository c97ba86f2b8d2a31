/** Marks that Chart.js has no dataset for, as plugins: labels at line ends, intervals, the timer overhead, gaps. */

import type { Chart as ChartJs, Plugin } from "chart.js";
import type { Series } from "../../analysis/series.js";
import type { Described } from "../../results/descriptors.js";
import { maxOf } from "../../stats/extent.js";
import type { View } from "../chart.js";
import { cssFont, scaleOf, seriesStyle, THEMES, typePx } from "../theme.js";
import type { Context2D } from "./context.js";
import { cutText, textWidth } from "./frame.js";
import { spreadLabels } from "./labels.js";

// CSS pixels at 1600 x 900.
export const LABEL_GAP = 30;
const LABEL_SPACING = 34;
const MOVED_ENOUGH = 3;
/** Between a label and the edge of the picture. */
export const EDGE = 20;

export interface EndLabel {
  readonly text: string;
  readonly colour: string;
  /** Data coordinates of the series' last measured point. */
  readonly x: number;
  readonly y: number;
}

/** Names each line right of the last point of all, joined to its own end where the name had to move. */
export function endLabels(labels: readonly EndLabel[], view: View): Plugin {
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  return {
    id: "endLabels",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { x, y } = axes(chart);
      const ends = labels.map((label) => ({
        x: x.getPixelForValue(label.x),
        y: y.getPixelForValue(label.y),
      }));
      const last = maxOf(ends.map((end) => end.x));
      const font = cssFont("label", scale);
      const half = typePx("label", scale) / 2;
      const placed = spreadLabels(
        ends.map((end) => end.y),
        {
          min: chart.chartArea.top + half,
          // The outline of a descender would cut the axis.
          max: chart.chartArea.bottom - half - 6 * scale,
          spacing: LABEL_SPACING * scale,
        },
      );
      ctx.save();
      for (const [i, label] of labels.entries()) {
        const end = ends[i]!;
        const at = placed[i]!;
        const left = last + LABEL_GAP * scale;
        if (Math.abs(at - end.y) > MOVED_ENOUGH * scale || left - end.x > (LABEL_GAP + 1) * scale) {
          strokePath(ctx, theme.axis, 1.5 * scale, [
            [end.x + 12 * scale, end.y],
            [left - 6 * scale, at],
          ]);
        }
        ctx.font = font;
        ctx.textAlign = "left";
        ctx.textBaseline = "middle";
        const text = cutText(ctx, label.text, font, view.width - left - EDGE * scale);
        outlinedText(ctx, text, left, at, label.colour, theme.ground, scale);
      }
      ctx.restore();
    },
  };
}

export interface IntervalMark {
  readonly x: number;
  readonly low: number;
  readonly high: number;
}

/** Interval bands behind lines. A run of points without a gap is one band; a point alone gets a whisker. */
export function intervalBands(
  bands: readonly { colour: string; runs: readonly (readonly IntervalMark[])[] }[],
  view: View,
): Plugin {
  const scale = scaleOf(view);
  return {
    id: "intervalBands",
    beforeDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { x, y } = axes(chart);
      const { top, bottom } = chart.chartArea;
      const yOf = (value: number) =>
        Math.max(top, Math.min(bottom, value > 0 ? y.getPixelForValue(value) : bottom));
      ctx.save();
      for (const { colour, runs } of bands) {
        for (const run of runs) {
          if (run.length === 1) {
            const mark = run[0]!;
            whisker(
              ctx,
              x.getPixelForValue(mark.x),
              yOf(mark.high),
              yOf(mark.low),
              10 * scale,
              colour,
              3 * scale,
            );
            continue;
          }
          ctx.globalAlpha = 0.18;
          ctx.fillStyle = colour;
          ctx.beginPath();
          for (const mark of run) ctx.lineTo(x.getPixelForValue(mark.x), yOf(mark.high));
          for (const mark of run.toReversed()) ctx.lineTo(x.getPixelForValue(mark.x), yOf(mark.low));
          ctx.closePath();
          ctx.fill();
          ctx.globalAlpha = 1;
        }
      }
      ctx.restore();
    },
  };
}

/** The intervals of series, in the colours of their lines. */
export function seriesBands(results: Described, series: readonly Series[], view: View): Plugin {
  return intervalBands(
    series.map(({ plane, points }) => ({
      colour: seriesStyle(results, plane, view.theme).line,
      runs: runsOf(points),
    })),
    view,
  );
}

/** Stretches of neighbouring N that were measured. */
function runsOf(points: Series["points"]): IntervalMark[][] {
  const runs: IntervalMark[][] = [[]];
  for (const { n, estimate } of points) {
    if (estimate === null) runs.push([]);
    else runs.at(-1)!.push({ x: n, low: estimate.interval[0], high: estimate.interval[1] });
  }
  return runs.filter((run) => run.length > 0);
}

/** The zone where the empty lookup lies: what is inside can't be told from the timer and the loop. */
export function noiseFloorZone(floorNs: number | null, text: string, view: View): Plugin {
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  return {
    id: "noiseFloor",
    beforeDatasetsDraw(chart) {
      if (floorNs === null || !(floorNs > 0)) return;
      const ctx: Context2D = chart.ctx;
      const { left, right, top, bottom } = chart.chartArea;
      const edge = Math.max(top, Math.min(bottom, axes(chart).y.getPixelForValue(floorNs)));
      ctx.save();
      ctx.fillStyle = theme.floor;
      ctx.fillRect(left, edge, right - left, bottom - edge);
      ctx.restore();
      if (text === "") return;
      const inside = bottom - edge >= 1.1 * typePx("tick", scale);
      ctx.save();
      ctx.font = cssFont("tick", scale);
      ctx.fillStyle = theme.secondary;
      // The curves' names stand right of their last points: where these are far left, so that the text would meet them, it
      // stands at the other end.
      const start = left + 12 * scale;
      const last = maxOf(
        chart.data.datasets.flatMap((_, i) =>
          chart.getDatasetMeta(i).data.flatMap(({ x, y }) => (Number.isFinite(y) ? [x] : [])),
        ),
      );
      const atStart = start + textWidth(ctx, text, cssFont("tick", scale)) < last + LABEL_GAP * scale;
      ctx.textAlign = atStart ? "left" : "right";
      ctx.textBaseline = inside ? "middle" : "bottom";
      ctx.fillText(
        text,
        atStart ? start : right - 12 * scale,
        inside ? (edge + bottom) / 2 : edge - 4 * scale,
      );
      ctx.restore();
    },
  };
}

/** Hollow markers on the axis for cells that could not be measured: stacked where several share an N. */
export function hollowMarkers(missing: readonly { x: number; colour: string }[], view: View): Plugin {
  const scale = scaleOf(view);
  return {
    id: "hollowMarkers",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { x } = axes(chart);
      const stacked = new Map<number, number>();
      ctx.save();
      for (const mark of missing) {
        const below = stacked.get(mark.x) ?? 0;
        stacked.set(mark.x, below + 1);
        const y = chart.chartArea.bottom - (14 + 22 * below) * scale;
        hollowCircle(ctx, x.getPixelForValue(mark.x), y, scale, mark.colour, THEMES[view.theme].ground);
      }
      ctx.restore();
    },
  };
}

/** The mark of something that could not be measured. */
export function hollowCircle(
  ctx: Context2D,
  x: number,
  y: number,
  scale: number,
  colour: string,
  ground: string,
): void {
  ctx.strokeStyle = colour;
  ctx.fillStyle = ground;
  ctx.lineWidth = 3 * scale;
  ctx.beginPath();
  ctx.arc(x, y, 8 * scale, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
}

/** An error bar with caps, from pixel to pixel. */
export function whisker(
  ctx: Context2D,
  x: number,
  top: number,
  bottom: number,
  cap: number,
  colour: string,
  lineWidth: number,
): void {
  strokePath(ctx, colour, lineWidth, [
    [x, top],
    [x, bottom],
  ]);
  for (const end of [top, bottom]) {
    strokePath(ctx, colour, lineWidth, [
      [x - cap, end],
      [x + cap, end],
    ]);
  }
}

/** Text with a halo of the ground's colour, readable over lines. */
export function outlinedText(
  ctx: Context2D,
  text: string,
  x: number,
  y: number,
  colour: string,
  ground: string,
  scale: number,
): void {
  ctx.lineJoin = "round";
  ctx.lineWidth = 6 * scale;
  ctx.strokeStyle = ground;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
}

/** Strokes a line through points in pixels of the canvas; `lineWidth` is in pixels too. */
export function strokePath(
  ctx: Context2D,
  colour: string,
  lineWidth: number,
  points: [number, number][],
): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = lineWidth;
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
}

function axes(chart: ChartJs) {
  return { x: chart.scales.x!, y: chart.scales.y! };
}

/** Names next to lines that end far from each other, each where nothing else is. */

import type { Chart as ChartJs, Plugin } from "chart.js";
import type { View } from "../chart.js";
import { cssFont, scaleOf, THEMES, typePx } from "../theme.js";
import { type Box, boxAt, grown, overlap, passes } from "./boxes.js";
import { fieldsOf } from "./chart-seam.js";
import type { Context2D } from "./context.js";
import { cutText, textWidth } from "./frame.js";
import { EDGE, type EndLabel, LABEL_GAP, outlinedText, strokePath } from "./marks.js";

/** A point of a line, with the ends of its interval. */
interface Point {
  readonly x: number;
  readonly y: number;
  readonly high: number;
  readonly low: number;
}

/** From a point's middle to where nothing of its marker is, CSS pixels. */
const MARKER = 12;

/** Heights that are tried, in lines of text from a line's own end. */
const HEIGHTS = [0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5];

/**
 * Names each line right of its last point or left of its first, or higher or lower, where it covers neither a line nor
 * another name, nor an interval if that can be; where there is no such place, right of the last point. A name that is
 * higher or lower is joined to its end.
 */
export function pointLabels(labels: readonly EndLabel[], view: View): Plugin {
  const scale = scaleOf(view);
  const font = cssFont("label", scale);
  return {
    id: "pointLabels",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const lines = chart.data.datasets.map((_, i) => pointsOf(chart, i));
      const taken: Box[] = [];
      ctx.save();
      ctx.font = font;
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      for (const label of labels) {
        const line = lines[chart.data.datasets.findIndex((dataset) => dataset.label === label.text)] ?? [];
        const [first, last] = [line[0], line.at(-1)];
        if (first === undefined || last === undefined) continue;
        const width = textWidth(ctx, label.text, font);
        const height = 1.3 * typePx("label", scale);
        const right = last.x + LABEL_GAP * scale;
        const left = first.x - LABEL_GAP * scale - width;
        const places = HEIGHTS.flatMap((step) => [
          { step, end: last, side: 1, box: boxAt(right, last.y + step * height, width, height) },
          { step, end: first, side: -1, box: boxAt(left, first.y + step * height, width, height) },
        ]);
        const isFree = ({ box }: { readonly box: Box }) =>
          box.left >= chart.chartArea.left &&
          box.right <= view.width - EDGE * scale &&
          box.top >= chart.chartArea.top &&
          box.bottom <= chart.chartArea.bottom &&
          lines.every((points) => !passes(points, grown(box, MARKER * scale), ({ y }) => [y, y])) &&
          taken.every((other) => !overlap(box, other));
        const onGround = ({ box }: { readonly box: Box }) =>
          lines.every((points) => !passes(points, box, ({ high, low }) => [high, low]));
        const free = places.filter(isFree);
        const { step, end, side, box } = free.find(onGround) ?? free[0] ?? places[0]!;
        taken.push(box);
        if (step !== 0) {
          strokePath(ctx, THEMES[view.theme].axis, 1.5 * scale, [
            [end.x + side * MARKER * scale, end.y + Math.sign(step) * 2 * scale],
            [(side > 0 ? box.left : box.right) - side * 6 * scale, (box.top + box.bottom) / 2],
          ]);
        }
        const text = cutText(ctx, label.text, font, view.width - box.left - EDGE * scale);
        outlinedText(
          ctx,
          text,
          box.left,
          (box.top + box.bottom) / 2,
          label.colour,
          THEMES[view.theme].ground,
          scale,
        );
      }
      ctx.restore();
    },
  };
}

/** The points of a dataset where they are drawn. */
function pointsOf(chart: ChartJs, dataset: number): Point[] {
  const value = chart.scales.y!;
  return chart.getDatasetMeta(dataset).data.flatMap(({ x, y }, i) => {
    if (!Number.isFinite(y)) return [];
    const { high, low } = fieldsOf(chart.data.datasets[dataset]!.data[i]);
    return [
      {
        x,
        y,
        high: high ? value.getPixelForValue(Number(high)) : y,
        low: low ? value.getPixelForValue(Number(low)) : y,
      },
    ];
  });
}

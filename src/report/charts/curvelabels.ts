/** Names beside rising curves, which all end at the same height: each stands on a height of its own. */

import type { Plugin } from "chart.js";
import type { Context2D } from "../canvas.js";
import { cssFont, scaleOf, THEMES, typePx } from "../theme.js";
import type { View } from "./chart.js";
import { cutText, textWidth } from "./frame.js";
import { EDGE, outlinedText } from "./marks.js";

/** Between a curve and its name, CSS pixels at 1600 x 900. */
const GAP = 16;
/** Heights of the first and the last name, as shares. */
const HIGHEST = 0.82;
const LOWEST = 0.3;

export interface NamedCurve {
  readonly text: string;
  readonly colour: string;
  /** Rising in both. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/**
 * Names curves over a y axis from 0 to 1, the leftmost highest, each on the side where it lies over fewer other curves: left
 * of the leftmost curve there is none.
 */
export function curveLabels(curves: readonly NamedCurve[], view: View): Plugin {
  const scale = scaleOf(view);
  const font = cssFont("label", scale);
  const middle = ({ points }: NamedCurve) => points[points.length >> 1]!.x;
  const ordered = [...curves].sort((a, b) => middle(a) - middle(b));
  const step = ordered.length > 1 ? (HIGHEST - LOWEST) / (ordered.length - 1) : 0;
  return {
    id: "curveLabels",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { x, y } = chart.scales as { x: NonNullable<typeof chart.scales.x>; y: typeof chart.scales.x };
      ctx.save();
      for (const [i, { text, colour, points }] of ordered.entries()) {
        const share = ordered.length > 1 ? HIGHEST - i * step : 0.5;
        const point = points.find((candidate) => candidate.y >= share) ?? points.at(-1)!;
        const at = x.getPixelForValue(point.x);
        const room = view.width - EDGE * scale - at - GAP * scale;
        const roomLeft = at - GAP * scale - chart.chartArea.left;
        const width = textWidth(ctx, text, font);
        const over = (left: number) =>
          ordered.filter(
            (other, o) =>
              o !== i &&
              other.points.some((passed) => {
                const [px, py] = [x.getPixelForValue(passed.x), y!.getPixelForValue(passed.y)];
                return (
                  px > left - GAP * 0.5 * scale &&
                  px < left + width + GAP * 0.5 * scale &&
                  Math.abs(py - y!.getPixelForValue(share)) < 0.7 * typePx("label", scale)
                );
              }),
          ).length;
        const [right, left] = [over(at + GAP * scale), over(at - GAP * scale - width)];
        const better = right === left ? i > 0 || ordered.length === 1 : right < left;
        const onTheRight = width <= room && (better || width > roomLeft);
        ctx.font = font;
        ctx.textAlign = onTheRight ? "left" : "right";
        ctx.textBaseline = "middle";
        outlinedText(
          ctx,
          cutText(ctx, text, font, onTheRight ? room : roomLeft),
          at + (onTheRight ? GAP : -GAP) * scale,
          y!.getPixelForValue(share),
          colour,
          THEMES[view.theme].ground,
          scale,
        );
      }
      ctx.restore();
    },
  };
}

/** Names next to rising curves, which all end at the same height: each at its own height. */

import type { Plugin } from "chart.js";
import type { View } from "../chart.js";
import { cssFont, scaleOf, THEMES, typePx } from "../theme.js";
import { type Box, boxAt, overlap, passes } from "./boxes.js";
import type { Context2D } from "./context.js";
import { cutText, textWidth } from "./frame.js";
import { EDGE, outlinedText } from "./marks.js";

/** Between a curve and its name, CSS pixels at 1600 x 900. */
const GAP = 16;
/** Heights of the first and the last name, as shares, where there is room. */
const HIGHEST = 0.82;
const LOWEST = 0.3;
/** Heights that are tried. */
const SHARES = Array.from({ length: 20 }, (_, i) => 0.12 + 0.04 * i);
/** A name is moved up or down by less than the whole axis to cover one curve fewer, and covers any curve rather than a name. */
const COVERS_CURVE = 1;
const COVERS_NAME = 100;

export interface NamedCurve {
  readonly text: string;
  readonly colour: string;
  /** Rising in both. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/**
 * Names curves over a y axis from 0 to 1, the leftmost highest: each next to its curve, at the height nearest to its own and on
 * the side where it lies over the fewest other curves and over no other name. Left of the leftmost curve there is none.
 */
export function curveLabels(curves: readonly NamedCurve[], view: View): Plugin {
  const scale = scaleOf(view);
  const font = cssFont("label", scale);
  const gap = GAP * scale;
  const height = 1.4 * typePx("label", scale);
  const middle = ({ points }: NamedCurve) => points[points.length >> 1]!.x;
  const ordered = [...curves].sort((a, b) => middle(a) - middle(b));
  const step = ordered.length > 1 ? (HIGHEST - LOWEST) / (ordered.length - 1) : 0;
  return {
    id: "curveLabels",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { x, y } = chart.scales as Record<"x" | "y", NonNullable<typeof chart.scales.x>>;
      const drawn = ordered.map(({ points }) =>
        points.map((point) => ({ x: x.getPixelForValue(point.x), y: y.getPixelForValue(point.y) })),
      );
      const placed: Box[] = [];
      ctx.save();
      ctx.font = font;
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      for (const [i, { text, colour, points }] of ordered.entries()) {
        const own = ordered.length > 1 ? HIGHEST - i * step : 0.5;
        const wanted = textWidth(ctx, text, font);
        const places = [own, ...SHARES].flatMap((share) => {
          const point = points.find((candidate) => candidate.y >= share) ?? points.at(-1)!;
          const at = x.getPixelForValue(point.x);
          const room = { right: view.width - EDGE * scale - at - gap, left: at - gap - chart.chartArea.left };
          return (["right", "left"] as const).map((side) => {
            const width = Math.min(wanted, Math.max(0, room[side]));
            const left = side === "right" ? at + gap : at - gap - width;
            const box = boxAt(left, y.getPixelForValue(share), width, height);
            const around = { ...box, left: box.left - gap / 2, right: box.right + gap / 2 };
            const curvesUnder = drawn.filter(
              (line, o) => o !== i && passes(line, around, (at) => [at.y, at.y]),
            ).length;
            const namesUnder = placed.filter((other) => overlap(box, other)).length;
            const preferred = (i === 0 && ordered.length > 1 ? "left" : "right") === side;
            const cost =
              COVERS_CURVE * curvesUnder +
              COVERS_NAME * (namesUnder + (wanted > width ? 1 : 0)) +
              Math.abs(share - own) +
              (preferred ? 0 : 0.01);
            return { box, width, cost };
          });
        });
        const { box, width } = places.reduce((best, place) => (place.cost < best.cost ? place : best));
        placed.push(box);
        outlinedText(
          ctx,
          cutText(ctx, text, font, width),
          box.left,
          (box.top + box.bottom) / 2,
          colour,
          THEMES[view.theme].ground,
          scale,
        );
      }
      ctx.restore();
    },
  };
}

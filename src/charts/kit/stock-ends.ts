/** Where a plane's stock maps are full: a double bar across its line, which is dotted beyond. */

import type { Plugin, ScriptableLineSegmentContext } from "chart.js";
import type { View } from "../chart.js";
import { scaleOf } from "../theme.js";
import type { Context2D } from "./context.js";

// CSS pixels at 1600 x 900.
const BAR = 13;
const BETWEEN_BARS = 6;
const DOTS = [3, 9] as const;

/** Dots between points that lie beyond an end. */
export function dotsBeyond(end: number | null | undefined, view: View) {
  if (end === null || end === undefined) return {};
  const dash = DOTS.map((px) => px * scaleOf(view));
  return {
    segment: {
      borderDash: ({ p1 }: ScriptableLineSegmentContext) => (p1.parsed.x! > end ? dash : undefined),
    },
  };
}

/** Double bars across lines, by dataset: where each goes through x = an end. */
export function stockBars(ends: readonly (readonly number[])[], view: View): Plugin {
  const scale = scaleOf(view);
  return {
    id: "stockBars",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      ctx.save();
      ctx.lineWidth = 2 * scale;
      for (const [i, own] of ends.entries()) {
        const points = chart.getDatasetMeta(i).data;
        ctx.strokeStyle = String(chart.data.datasets[i]?.borderColor);
        for (const end of own) {
          const x = chart.scales.x!.getPixelForValue(end);
          const after = points.findIndex((point) => point.x >= x);
          const [from, to] = [points[after - 1], points[after]];
          if (!from || !to || !Number.isFinite(from.y) || !Number.isFinite(to.y)) continue;
          const y = from.y + ((to.y - from.y) * (x - from.x)) / (to.x - from.x);
          for (const side of [-0.5, 0.5]) {
            const at = x + side * BETWEEN_BARS * scale;
            ctx.beginPath();
            ctx.moveTo(at, y - BAR * scale);
            ctx.lineTo(at, y + BAR * scale);
            ctx.stroke();
          }
        }
      }
      ctx.restore();
    },
  };
}

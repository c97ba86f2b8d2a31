/** What was concluded from lines, drawn upon them: fitted laws of growth, where none holds, and where planes overtake. */

import type { Plugin } from "chart.js";
import type { Measure, Series } from "../../analysis/series.js";
import { planeReport } from "../../results/descriptors.js";
import type { Cell, Results } from "../../results/schema.js";
import { maxOf, minOf } from "../../stats/extent.js";
import { lawAt } from "../../stats/law.js";
import type { View } from "../chart.js";
import { scaleOf, THEMES } from "../theme.js";
import type { Context2D } from "./context.js";

/** Enough for a curve on a logarithmic axis. */
const STEPS = 48;
/** A law that grows less over the measured N lies on its line, and is not drawn. */
const LEAST_GROWTH = 10;

/** Half the length of a bar, CSS pixels at 1600 x 900. */
const BAR_PX = 22;

interface At {
  readonly x: number;
  readonly y: number;
}

/**
 * The laws that are determined, describe their cells and grow tenfold or more, as curves over the measured N. None of a hash
 * table, whose work is constant: what its time follows are caches.
 */
export function fittedCurves(results: Results, measure: Measure): At[][] {
  if (measure.axis === "endpoints" || measure.variants !== undefined) return [];
  return results.fits.flatMap((fit) => {
    const { plane, quantity, law, intercept, slope, describes, determined, services } = fit;
    const isHash = planeReport(results, plane).structure === "hash";
    const meant = quantity === "time" && !isHash && isOf(fit, measure);
    if (!meant || !describes || !determined || slope === null || services.length < 2) return [];
    const [first, last] = [minOf(services), maxOf(services)];
    const curve = Array.from({ length: STEPS + 1 }, (_, i) => {
      const x = first * (last / first) ** (i / STEPS);
      return { x, y: lawAt({ law, intercept, slope: slope.value }, x) };
    });
    return curve.at(-1)!.y >= LEAST_GROWTH * curve[0]!.y ? [curve] : [];
  });
}

/** Where a plane overtakes another that the same flows meet, on the line of the one that is faster beyond. */
export function crossoverMarks(results: Results, measure: Measure, series: readonly Series[]): At[] {
  if (measure.axis === "endpoints" || measure.variants !== undefined) return [];
  const entryOf = (plane: string) => planeReport(results, plane).entry;
  return results.crossovers
    .filter(
      (crossover) => isOf(crossover, measure) && entryOf(crossover.faster) === entryOf(crossover.slower),
    )
    .flatMap(({ faster, services }) => {
      const points = series.find(({ plane }) => plane === faster)?.points ?? [];
      const above = points.findIndex(({ n }) => n >= services);
      const [low, high] = [points[above - 1] ?? points[above], points[above]];
      if (!low?.estimate || !high?.estimate) return [];
      // Lines are drawn straight between their points, on logarithmic axes too.
      const share = high.n > low.n ? Math.log(services / low.n) / Math.log(high.n / low.n) : 0;
      const y = low.estimate.median * (high.estimate.median / low.estimate.median) ** share;
      return [{ x: services, y }];
    });
}

/**
 * Both ends of the stretch where a line that no law describes grows faster than N: no plane's work does, so that it is there
 * that a list or a table leaves the caches.
 */
export function bends({ fits }: Results, measure: Measure, series: readonly Series[]): At[] {
  if (measure.axis === "endpoints" || measure.variants !== undefined) return [];
  return fits.flatMap((fit) => {
    const { quantity, describes, steepest } = fit;
    if (quantity !== "time" || !isOf(fit, measure) || describes || !steepest || steepest.interval[0] <= 1) {
      return [];
    }
    const points = series.find(({ plane }) => plane === fit.plane)?.points ?? [];
    return points.flatMap(({ n, estimate }) =>
      estimate && (n === steepest.from || n === steepest.to) ? [{ x: n, y: estimate.median }] : [],
    );
  });
}

function isOf(concluded: Pick<Cell, "lane" | "scenario" | "variant">, { lane, scenario }: Measure): boolean {
  return concluded.lane === lane && concluded.scenario === scenario && concluded.variant === "";
}

/** Draws all three over the lines: thin dashes, rings, and bars across the line. */
export function growthMarks(
  marks: {
    readonly curves: readonly (readonly At[])[];
    readonly rings: readonly At[];
    readonly bars: readonly At[];
  },
  view: View,
): Plugin {
  const { curves, rings, bars } = marks;
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  return {
    id: "growthMarks",
    afterDatasetsDraw(chart) {
      const ctx: Context2D = chart.ctx;
      const { left, top, right, bottom } = chart.chartArea;
      const pixel = ({ x, y }: At): [number, number] => [
        chart.scales.x!.getPixelForValue(x),
        chart.scales.y!.getPixelForValue(y),
      ];
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, top, right - left, bottom - top);
      ctx.clip();
      ctx.strokeStyle = theme.text;
      ctx.lineWidth = 2 * scale;
      ctx.setLineDash([10 * scale, 8 * scale]);
      for (const curve of curves) {
        ctx.beginPath();
        for (const at of curve) ctx.lineTo(...pixel(at));
        ctx.stroke();
      }
      ctx.setLineDash([]);
      for (const ring of rings) {
        ctx.beginPath();
        ctx.arc(...pixel(ring), 13 * scale, 0, 2 * Math.PI);
        ctx.stroke();
      }
      for (const bar of bars) {
        const [x, y] = pixel(bar);
        ctx.beginPath();
        ctx.moveTo(x, y - BAR_PX * scale);
        ctx.lineTo(x, y + BAR_PX * scale);
        ctx.stroke();
      }
      ctx.restore();
    },
  };
}

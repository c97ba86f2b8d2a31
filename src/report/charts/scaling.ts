/** Latency against the number of services, log-log: slopes are growth, and a flat line must show its interval. */

import type { Cell } from "../../results/schema.js";
import { formatCount, formatNs } from "../format.js";
import {
  cellsOf,
  type Measure,
  MODEL_LOOKUP,
  noiseFloorNs,
  type Series,
  seriesLabel,
  seriesOf,
} from "../series.js";
import { seriesStyle } from "../theme.js";
import { headline, intervalWords, measureWords, provenance } from "../words.js";
import { decadesAround } from "./axes.js";
import type { Chart, View } from "./chart.js";
import { logLogConfig, SERVICES_AXIS } from "./loglog.js";
import { type IntervalMark, intervalBands, noiseFloorZone } from "./marks.js";

export const scaling: Chart = scalingChart({
  id: "scaling",
  title: "Time of one lookup against the number of services, log–log (model)",
  measure: MODEL_LOOKUP,
  findings: ["iptables-slope", "iptables-factor", "hash-time-rise"],
  neutralTitle: "Lookup latency by number of Kubernetes services",
});

export interface ScalingChart {
  readonly id: string;
  readonly title: string;
  readonly measure: Measure;
  /** Whose headline may be the title, most telling first. */
  readonly findings: readonly string[];
  /** The title where nothing was found. */
  readonly neutralTitle: string;
  /** The variant that needs no name beside its plane's, and an undashed line. */
  readonly plain?: string;
  /** Whether the empty lookup is drawn; not where no lookup is timed. */
  readonly floor?: boolean;
  /** Said in the caption. */
  readonly note?: string;
}

/** A scaling chart of one measure (another lane, scenario or variant is another chart). */
export function scalingChart(chart: ScalingChart): Chart {
  const { id, title, measure, findings, neutralTitle, floor = true, note, plain = "" } = chart;
  return {
    id,
    title,
    build(results, view) {
      const cells = cellsOf(results, measure);
      if (!cells.some((cell) => cell.estimate)) {
        return { skipped: `no ${measure.lane} ${measure.scenario} was measured` };
      }
      const series = seriesOf(cells, measure.axis);
      const mixed = new Set(series.map(({ variant }) => variant)).size > 1;
      const floorNs = floor ? noiseFloorNs(cells) : null;
      const missing = cells.some((cell) => cell.estimate === null);
      const words = {
        title: headline(results, findings) ?? neutralTitle,
        subtitle: `${measureWords(measure, results)}, ${intervalWords(cells)} · log–log scale · lower is better`,
        caption: [
          provenance(results, measure, cells),
          ...(note ? [note] : []),
          ...(missing ? ["hollow circle: could not be measured"] : []),
        ].join(" · "),
      };
      const description = [words.title, ...series.map(lineInWords), words.caption];
      return {
        ...words,
        description: description.join(". "),
        config: logLogConfig(
          series.map(({ plane, variant, points }) => ({
            plane,
            ...(mixed && variant !== plain && { label: seriesLabel({ plane, variant }), dashed: true }),
            points: points.map(({ n, estimate }) => ({ x: n, y: estimate?.median ?? null })),
          })),
          words,
          view,
          {
            x: axisTitle(measure, cells),
            range: timeRange(series, floorNs, view),
            label: formatNs,
          },
          [
            noiseFloorZone(floorNs, `noise floor: an empty lookup, ${formatNs(floorNs ?? 0)}`, view),
            intervalBands(
              series.map(({ plane, points }) => ({
                colour: seriesStyle(plane, view.theme).line,
                runs: runsOf(points),
              })),
              view,
            ),
          ],
        ),
      };
    },
  };
}

function axisTitle({ axis }: Measure, cells: readonly Cell[]): string {
  if (axis !== "endpoints") return SERVICES_AXIS;
  return `Endpoints of each service (cluster of ${formatCount(cells[0]!.services)} services)`;
}

/** Decades around all intervals and the floor, with room for the floor's label below it. */
function timeRange(
  series: readonly Series[],
  floorNs: number | null,
  view: View,
): { min: number; max: number } {
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ estimate }) => (estimate ? [estimate.median, ...estimate.interval] : [])),
  );
  const measured = decadesAround(values);
  if (floorNs === null || !(floorNs > 0)) return measured;
  const range = { min: Math.min(measured.min, decadesAround([floorNs]).min), max: measured.max };
  const decades = Math.log10(range.max / range.min);
  // The plot takes about two thirds of the height, the label some 1/30 of it.
  const zone = (Math.log10(floorNs / range.min) / decades) * (view.height * 0.66);
  return zone < view.height / 30 ? { ...range, min: range.min / 10 } : range;
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

function lineInWords(series: Series): string {
  const { points } = series;
  const label = seriesLabel(series);
  const measured = points.filter((point) => point.estimate !== null);
  const [first, last] = [measured[0], measured.at(-1)];
  if (!first || !last) return `${label}: not measured`;
  const at = (point: typeof first) => `${formatNs(point.estimate!.median)} at N = ${formatCount(point.n)}`;
  return first === last ? `${label}: ${at(first)}` : `${label}: ${at(first)}, ${at(last)}`;
}

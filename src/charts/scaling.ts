/** Latency against the number of services, log-log: slopes are growth, and a flat line must show its interval. */

import {
  cellsOf,
  type Measure,
  MODEL_LOOKUP,
  noiseFloorNs,
  type Series,
  seriesLabel,
  seriesOf,
} from "../analysis/series.js";
import { largestOf, stockEnds, stockNote } from "../analysis/stock-maps.js";
import type { Described } from "../results/descriptors.js";
import type { Cell, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount, formatNs, nsFormatter } from "../text.js";
import { formatMeasure, headline, intervalKind, joinParts, provenance } from "./caption-text.js";
import type { Chart, View } from "./chart.js";
import { decadesAround, linearRange, logRange, servicesRange } from "./kit/axes.js";
import { bends, crossoverMarks, fittedCurves, growthMarks } from "./kit/growth-marks.js";
import { noiseFloorZone, seriesBands } from "./kit/marks.js";
import { linesConfig, SERVICES_AXIS } from "./loglog.js";

export const scaling: Chart = scalingChart({
  id: "scaling",
  title: "Time of one lookup against the number of Services, log–log (model)",
  measure: MODEL_LOOKUP,
  findings: ["iptables-slope", "iptables-growth", "iptables-factor", "hash-time-rise"],
  neutralTitle: "Lookup latency by number of Kubernetes Services",
});

export interface ScalingChart {
  readonly id: string;
  readonly title: string;
  readonly measure: Measure;
  /** Whose headline may be the title, most telling first. */
  readonly findings: readonly string[];
  /** The title where nothing was found. */
  readonly neutralTitle: string;
  /** The variant that needs no name next to its plane's, and an undashed line. */
  readonly plain?: string;
  /** Whether the empty lookup is drawn; not where no lookup is timed. A function names another floor, or none. */
  readonly floor?: boolean | ((cells: readonly Cell[]) => Floor | null);
  /** Logarithmic by default. */
  readonly scale?: "log" | "linear";
  /** Said in the caption; a function may leave it out. */
  readonly note?: string | ((results: Described, cells: readonly Cell[]) => string | false);
  /** Planes that are drawn; all by default. */
  readonly only?: (results: Results) => readonly string[];
  /** The plane without which there is no picture. */
  readonly needs?: (results: Results) => string;
}

/** What is inside can't be told from the measuring itself. */
export interface Floor {
  readonly ns: number;
  readonly words: string;
}

function timerFloor(cells: readonly Cell[]): Floor | null {
  const ns = noiseFloorNs(cells);
  return ns === null ? null : { ns, words: "timer overhead: an empty lookup" };
}

/** A model's work is known, so what is left are the caches. In a kernel other things grow too, such as sets that are walked. */
const bendsNote = ({ lane }: Measure): string =>
  `bars: between them time grows faster than N${lane === "model" ? ", as caches run out" : ""}`;

/** A scaling chart of one measure (another lane, scenario or variant is another chart). */
export function scalingChart(chart: ScalingChart): Chart {
  const { id, title, measure, findings, neutralTitle, floor = true, note, scale = "log", plain = "" } = chart;
  return {
    id,
    title,
    build(results, view) {
      const planes = chart.only?.(results);
      const cells = selectCells(cellsOf(results, measure), planes ? { plane: planes } : {});
      const needed = chart.needs?.(results);
      if (needed !== undefined && !selectCells(cells, { plane: needed }).some(({ estimate }) => estimate)) {
        return { skipped: "the plane that it is about was not measured" };
      }
      if (!cells.some((cell) => cell.estimate)) {
        return { skipped: `no ${measure.lane} ${measure.scenario} was measured` };
      }
      const series = seriesOf(results, cells, measure.axis);
      const mixed = new Set(series.map(({ variant }) => variant)).size > 1;
      const linear = scale === "linear";
      const floorOf = typeof floor === "function" ? floor : timerFloor;
      const zone = floor === false ? null : floorOf(cells);
      const floorNs = zone?.ns ?? null;
      const isDrawn = ({ plane }: { readonly plane: string }) => planes?.includes(plane) ?? true;
      const drawn = {
        ...results,
        fits: results.fits.filter(isDrawn),
        crossovers: results.crossovers.filter(
          ({ faster, slower }) => isDrawn({ plane: faster }) && isDrawn({ plane: slower }),
        ),
      };
      const curves = fittedCurves(drawn, measure);
      // From zero, lines that cross at small N lie within each other's width.
      const rings = linear ? [] : crossoverMarks(drawn, measure, series);
      const bars = bends(drawn, measure, series);
      const endsOf = (plane: string) =>
        measure.axis === "endpoints" ? {} : { ends: stockEnds(results, plane) };
      const missing = cells.some((cell) => cell.estimate === null);
      const words = {
        title: headline(results, findings) ?? neutralTitle,
        subtitle: `${formatMeasure(measure, results)}, ${intervalKind(cells)} · ${linear ? "linear" : "log–log"} scale · lower is better`,
        caption: joinParts([
          provenance(results, measure, cells),
          typeof note === "function" ? note(results, cells) : note,
          ...(measure.axis === "endpoints" ? [] : [stockNote(results, largestOf(series))]),
          ...(curves.length > 0 ? ["thin dashes: fitted laws of growth"] : []),
          ...(rings.length > 0 ? ["rings: one plane overtakes another"] : []),
          ...(bars.length > 0 ? [bendsNote(measure)] : []),
          ...(missing ? ["hollow circle: could not be measured"] : []),
        ]),
      };
      const description = [words.title, ...series.map((line) => formatLine(results, line)), words.caption];
      return {
        ...words,
        description: description.join(". "),
        config: linesConfig(
          results,
          series.map(({ plane, variant, points }) => ({
            plane,
            ...endsOf(plane),
            ...(mixed &&
              variant !== plain && { label: seriesLabel(results, { plane, variant }), dashed: true }),
            points: points.map(({ n, estimate }) => ({
              x: n,
              y: estimate?.median ?? null,
              ...(estimate && { low: estimate.interval[0], high: estimate.interval[1] }),
            })),
          })),
          words,
          view,
          linear
            ? linearAxes(series, axisTitle(measure, cells))
            : logAxes(series, axisTitle(measure, cells), floorNs, view),
          [
            // From zero on a linear axis the floor is no thicker than the axis.
            noiseFloorZone(linear ? null : floorNs, `${zone?.words ?? ""}, ${formatNs(floorNs ?? 0)}`, view),
            seriesBands(results, series, view),
            growthMarks({ curves, rings, bars }, view),
          ],
        ),
      };
    },
  };
}

function logAxes(series: readonly Series[], name: string, floorNs: number | null, view: View) {
  return {
    x: {
      range: servicesRange(series.flatMap(({ points }) => points.map(({ n }) => n))),
      label: formatCount,
      name,
    },
    y: { range: timeRange(series, floorNs, view), label: formatNs },
  };
}

function linearAxes(series: readonly Series[], name: string) {
  const largest = maxOf(
    series.flatMap(({ points }) => points.map(({ estimate }) => estimate?.interval[1] ?? 0)),
  );
  const range = linearRange(largest);
  return {
    x: {
      range: linearRange(maxOf(series.flatMap(({ points }) => points.map(({ n }) => n)))),
      label: formatCount,
      name,
    },
    y: { range, label: nsFormatter(range.max) },
  };
}

function axisTitle({ axis }: Measure, cells: readonly Cell[]): string {
  if (axis !== "endpoints") return SERVICES_AXIS;
  return `Endpoints of each Service (cluster of ${formatCount(cells[0]!.services)} Services)`;
}

/** The axis around all intervals and the floor, with room for the floor's label in its zone or, under the curves, above it. */
function timeRange(
  series: readonly Series[],
  floorNs: number | null,
  view: View,
): { min: number; max: number } {
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ estimate }) => (estimate ? [estimate.median, ...estimate.interval] : [])),
  );
  if (floorNs === null || !(floorNs > 0)) return logRange(values);
  const range = {
    min: decadesAround([...values, floorNs]).min,
    max: decadesAround(values).max,
  };
  // The plot takes about two thirds of the height, the label some 1/30 of it.
  const label = view.height / 30;
  const px = (view.height * 0.66) / Math.log10(range.max / range.min);
  const inside = Math.log10(floorNs / range.min) * px >= label;
  const above = Math.log10(minOf(values) / floorNs) * px >= 1.5 * label;
  return inside || above ? range : { ...range, min: range.min / 10 };
}

function formatLine(results: Described, series: Series): string {
  const { points } = series;
  const label = seriesLabel(results, series);
  const measured = points.filter((point) => point.estimate !== null);
  const [first, last] = [measured[0], measured.at(-1)];
  if (!first || !last) return `${label}: not measured`;
  const at = (point: typeof first) => `${formatNs(point.estimate!.median)} at N = ${formatCount(point.n)}`;
  return first === last ? `${label}: ${at(first)}` : `${label}: ${at(first)}, ${at(last)}`;
}

/** Clustered columns from zero, as the article and the Kubernetes blog draw them, with intervals and values. */

import type { ChartConfiguration } from "chart.js";
import { maxOf } from "../stats/extent.js";
import type { View, Words } from "./chart.js";
import { axisOptions } from "./kit/axes.js";
import { dataWithFields } from "./kit/chart-seam.js";
import { baselineRule, columnMarks, legendAbove, legendGap, type Mark } from "./kit/column-marks.js";
import { frame } from "./kit/frame.js";
import { noiseFloorZone } from "./kit/marks.js";
import { scaleOf } from "./theme.js";

/** No labels at the right, only a margin like the left one. */
const RIGHT_MARGIN = 48;

export interface ColumnRow {
  readonly label: string;
  readonly colour: string;
  /** One a category; undefined where the row has no such category. */
  readonly marks: readonly (Mark | undefined)[];
}

export interface Columns {
  readonly categories: readonly string[];
  /** What the categories are. */
  readonly axis: string;
  readonly rows: readonly ColumnRow[];
  /** Values on columns. */
  readonly format: (value: number) => string;
  /** Ticks of an axis that ends at `largest`. */
  readonly ticks: (largest: number) => (value: number) => string;
  readonly floorNs?: number | null;
  /** What columns are multiples of: a line behind them. */
  readonly baseline?: number;
  /** The y axis; what fits the highest column by default. */
  readonly range?: { readonly max: number; readonly step: number };
}

/** Configuration for Chart.js: one dataset per row, one column of it per category. */
export function columnsConfig(columns: Columns, words: Words, view: View): ChartConfiguration {
  const { categories, axis, rows, format, floorNs = null, baseline, range } = columns;
  const scale = scaleOf(view);
  const highest = maxOf(
    rows.flatMap(({ marks }) => marks.map((mark) => mark?.interval?.[1] ?? mark?.value ?? 0)),
  );
  const { plugin, layout } = frame(words, view, () => RIGHT_MARGIN * scale);
  const yOptions = axisOptions("y", view, columns.ticks(highest));
  return {
    type: "bar",
    data: {
      labels: [...categories],
      datasets: rows.map(({ label, colour, marks }) => ({
        label,
        data: dataWithFields(categories.map((x, i) => dataPoint(x, marks[i]))),
        backgroundColor: colour,
        categoryPercentage: 0.8,
        barPercentage: 0.92,
        maxBarThickness: 130 * scale,
      })),
    },
    options: {
      layout: layout!,
      scales: {
        x: { ...axisOptions("x", view, (i) => categories[i]!, axis), grid: { display: false } },
        y: {
          ...yOptions,
          beginAtZero: true,
          // Few lines: the values stand on the columns.
          ticks: { ...yOptions.ticks, maxTicksLimit: 7, ...(range && { stepSize: range.step }) },
          ...(range ? { max: range.max } : { suggestedMax: highest * 1.08 }),
        },
      },
      plugins: {
        legend: legendAbove(view),
        title: { display: false },
        tooltip: { enabled: false },
      },
    },
    plugins: [
      plugin,
      noiseFloorZone(floorNs, "", view),
      ...(baseline === undefined ? [] : [baselineRule(baseline, view)]),
      legendGap(36 * scale),
      columnMarks(
        rows.map(({ marks }) => marks),
        format,
        view,
      ),
    ],
  };
}

function dataPoint(x: string, mark: Mark | undefined) {
  const y = mark?.value ?? Number.NaN;
  return mark?.interval ? { x, y, low: mark.interval[0], high: mark.interval[1] } : { x, y };
}

/** The numbers behind a chart: as a table, as CSV, and said one at a time. */

import type { ChartConfiguration } from "chart.js";
import type { Chart } from "../../../charts/chart.js";
import { axesOf, type PlottedPoint, plottedSeries, valueFormat } from "../../../charts/kit/plot-data.js";
import type { Cell } from "../../../results/schema.js";
import { csvField, formatCount } from "../../../text.js";
import type { FilterChoice } from "./choice.js";
import { button, download, element } from "./elements.js";
import { fullPicture } from "./picture.js";

/** A chart's datasets with their intervals, and how its values are formatted. */
export class Numbers {
  /** What the horizontal axis counts; empty for categories. */
  readonly base: string;
  readonly series: readonly { readonly label: string; readonly points: readonly PlottedPoint[] }[];
  readonly format: (value: number) => string;

  /** `cells` give the intervals that plugins of the configuration draw. */
  constructor(config: ChartConfiguration, cells: readonly Cell[]) {
    const intervals = new Map(
      cells.flatMap(({ estimate }) => (estimate ? [[estimate.median, estimate.interval]] : [])),
    );
    this.base = axesOf(config).base.title?.text ?? "";
    this.format = valueFormat(config);
    this.series = plottedSeries(config).map(({ label, points }) => ({
      label,
      points: points.map((point) => {
        const found = point.y === null ? undefined : intervals.get(point.y);
        return point.low === undefined && found ? { ...point, low: found[0], high: found[1] } : point;
      }),
    }));
  }

  /** Everything on the base axis, in its order. */
  get bases(): (number | string)[] {
    const all = [...new Set(this.series.flatMap(({ points }) => points.map(({ x }) => x)))];
    return all.every((x) => typeof x === "number") ? all.sort((a, b) => a - b) : all;
  }

  /** `35 ns [33 ns, 38 ns]`. */
  sayPoint({ y, low, high }: PlottedPoint): string {
    if (y === null) return "could not be measured";
    const interval =
      low !== undefined && high !== undefined ? ` [${this.format(low)}, ${this.format(high)}]` : "";
    return `${this.format(y)}${interval}`;
  }
}

/** One point as a sentence: `IPVS at 1,000: 35 ns [33 ns, 38 ns]`. */
export function describePoint(numbers: Numbers, seriesIndex: number, pointIndex: number): string {
  const { label, points } = numbers.series[seriesIndex]!;
  const point = points[pointIndex];
  return point ? `${label} at ${baseText(point.x)}: ${numbers.sayPoint(point)}` : "";
}

const baseText = (x: number | string): string => (typeof x === "number" ? formatCount(x) : x);

/** The table behind a chart. A region of its own that scrolls, by keyboard too. */
export function numbersTable(numbers: Numbers, title: string): HTMLElement {
  const head = element("tr", {}, element("th", { scope: "col" }, numbers.base || "What"));
  for (const { label } of numbers.series) head.append(element("th", { scope: "col" }, label));
  const body = element("tbody");
  for (const x of numbers.bases) {
    const row = element("tr", {}, element("th", { scope: "row" }, baseText(x)));
    for (const { points } of numbers.series) {
      const point = points.find((candidate) => candidate.x === x);
      row.append(element("td", {}, point ? numbers.sayPoint(point) : ""));
    }
    body.append(row);
  }
  const table = element("table", {}, element("thead", {}, head), body);
  return element(
    "div",
    { class: "scroll", role: "region", tabindex: "0", "aria-label": `Numbers: ${title}` },
    table,
  );
}

/** The buttons below a chart. */
export function actions(chart: Chart, numbers: Numbers, choice: FilterChoice): HTMLElement {
  const name = `lbscale-${chart.id}`;
  const png = button("Picture (PNG)", () => {
    fullPicture(chart, choice, (picture) => download(`${name}-${choice.theme}.png`, picture));
  });
  const csv = button("Numbers (CSV)", () => {
    download(`${name}.csv`, new Blob([csvOf(numbers)], { type: "text/csv" }));
  });
  for (const made of [png, csv]) made.setAttribute("aria-label", `${made.textContent}: ${chart.title}`);
  return element("p", { class: "actions" }, png, csv);
}

/** The plotted numbers, unrounded, one point per line; times in nanoseconds. */
function csvOf({ series }: Numbers): string {
  const lines = series.flatMap(({ label, points }) =>
    points.map(({ x, y, low = null, high = null }) => [label, x, y, low, high]),
  );
  return [["series", "x", "value", "low", "high"], ...lines]
    .map((fields) => `${fields.map(csvField).join(",")}\r\n`)
    .join("");
}

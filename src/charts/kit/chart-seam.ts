/** The seam to Chart.js, where its types are narrower than what it draws: every cast to and from them is here. */

import type { ChartConfiguration, Chart as ChartJs, LayoutItem, ScriptableContext } from "chart.js";

type Datum = ChartConfiguration["data"]["datasets"][number]["data"][number];
type Padding = NonNullable<NonNullable<NonNullable<ChartConfiguration["options"]>["layout"]>["padding"]>;

/** What a datum holds beyond Chart.js' own types: `low` and `high` of an interval, a category as text. */
export type Fields = Readonly<Record<string, number | string | undefined>>;

/** Data with more fields than Chart.js declares. It hands them to plugins and callbacks as they are. */
export function dataWithFields(data: readonly (Fields | null)[]): Datum[] {
  return data as never;
}

/** The fields of a datum; none where it is a number or null. */
export function fieldsOf(datum: unknown): Fields {
  return typeof datum === "object" && datum !== null ? (datum as Fields) : {};
}

/** Where a column is, in pixels. */
interface LaidOutColumn {
  readonly x: number;
  readonly width: number;
}

/** A column as Chart.js laid it out, of a row and a category that the chart has. */
export function columnAt(chart: ChartJs, row: number, i: number): LaidOutColumn {
  return chart.getDatasetMeta(row).data[i] as unknown as LaidOutColumn;
}

/** The legend as the box that it is in the layout: `fit` measures it and sets `height`. */
export function legendBox(chart: ChartJs): LayoutItem & { fit(): void; height: number } {
  return chart.legend as unknown as LayoutItem & { fit(): void; height: number };
}

/** Padding by a function of the chart, each time that it is laid out: Chart.js declares sides as numbers only. */
export function paddingOf(sides: (context: Pick<ScriptableContext<"line">, "chart">) => Padding): Padding {
  return sides as never;
}

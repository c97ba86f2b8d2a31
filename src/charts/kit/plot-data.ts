/** The numbers that a chart shows, taken out of its Chart.js configuration: the same for every chart there will be. */

import type { ChartConfiguration } from "chart.js";
import { formatNs } from "../../text.js";
import { fieldsOf } from "./chart-seam.js";

export interface PlottedPoint {
  /** A number, or the name of a category. */
  readonly x: number | string;
  /** null: could not be measured. */
  readonly y: number | null;
  /** The ends of its interval, where one is drawn. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** The numbers of a configuration, as its datasets hold them. */
export function plottedSeries({ data }: ChartConfiguration): { label: string; points: PlottedPoint[] }[] {
  return data.datasets.map((dataset) => ({
    label: dataset.label ?? "",
    points: dataset.data.map((value, i) => {
      if (typeof value === "object" && value !== null && "x" in value) {
        const { x, y, low, high } = fieldsOf(value);
        return {
          x: typeof x === "string" ? x : Number(x),
          y: finite(y),
          ...(typeof low === "number" && Number.isFinite(low) && { low }),
          ...(typeof high === "number" && Number.isFinite(high) && { high }),
        };
      }
      return { x: String(data.labels?.[i] ?? i), y: finite(value) };
    }),
  }));
}

/** JSON has no NaN and no infinity. */
function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A scale's options, as far as they are read here. */
export interface ScaleOptions {
  type?: string;
  min?: number;
  max?: number;
  stacked?: boolean;
  title?: { text?: string };
  ticks?: { callback?: (value: number) => string; autoSkip?: boolean; maxRotation?: number };
}

/** The axis that holds the values, and the other one. */
export function axesOf({ options }: ChartConfiguration): { value: ScaleOptions; base: ScaleOptions } {
  const { x = {}, y = {} } = (options?.scales ?? {}) as Record<string, ScaleOptions>;
  return options?.indexAxis === "y" ? { value: x, base: y } : { value: y, base: x };
}

/** Whether the values of a configuration are nanoseconds: its ticks then end in a unit of time. */
export function showsTime(config: ChartConfiguration): boolean {
  return / (ns|µs|ms|s)$/.test(axesOf(config).value.ticks?.callback?.(1) ?? "");
}

/** A value as readers see it. Times have each the unit that fits, where ticks of one axis share theirs. */
export function valueFormat(config: ChartConfiguration): (value: number) => string {
  return showsTime(config) ? formatNs : (axesOf(config).value.ticks?.callback ?? String);
}

/** The next 1, 2 or 5 times a power of ten. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least * 0.999) ?? 10 * power;
}

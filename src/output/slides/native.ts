/** A chart's configuration as a chart of PowerPoint: data that can be edited there, not a picture. */

import type { ChartConfiguration } from "chart.js";
import { decadesAround } from "../../charts/kit/axes.js";
import { axesOf, niceStep, type PlottedPoint, plottedSeries, showsTime } from "../../charts/kit/plot-data.js";
import { THEMES, type ThemeName } from "../../charts/theme.js";
import { maxOf } from "../../stats/extent.js";

/** A series as PowerPoint holds it. */
export interface NativeSeries {
  readonly label: string;
  /** A value for each of the chart's categories; null: a gap. */
  readonly values: readonly (number | null)[];
  readonly intervals: readonly (readonly [number, number] | null)[];
  /** `RRGGBB` of the intervals: on a bar its own colour would hide them. */
  readonly intervalColour: string;
  /** `RRGGBB`: one for the series, or one for each value. */
  readonly colours: readonly string[];
  readonly symbol: string;
  readonly dashed: boolean;
}

export interface NativeChart {
  readonly type: "scatter" | "bar";
  /** Bars lie; PowerPoint stacks their categories from the bottom up. */
  readonly horizontal: boolean;
  readonly stacked: boolean;
  /** Something could not be measured: lines stop there. */
  readonly gaps: boolean;
  /** Numbers for a scatter chart, names for bars. */
  readonly categories: readonly (number | string)[];
  readonly series: readonly NativeSeries[];
  readonly xTitle: string;
  readonly value: NativeAxis;
  readonly base: NativeAxis;
}

export interface NativeAxis {
  readonly log: boolean;
  readonly min: number | null;
  readonly max: number | null;
  readonly majorUnit: number | null;
  readonly formatCode: string;
}

const SYMBOLS: Readonly<Record<string, string>> = {
  circle: "circle",
  triangle: "triangle",
  rect: "square",
  rectRot: "diamond",
  crossRot: "x",
  cross: "plus",
  star: "star",
};

/** Between the numbers of an axis and its line, where markers stand. */
const GAP = "  ";

interface Look {
  borderColor?: unknown;
  backgroundColor?: unknown;
  pointStyle?: unknown;
  borderDash?: unknown;
}

/** What a caption says of marks that only a picture has: plugins draw them. */
const MARKS_OF_PICTURES = /^(?:thin dashes|rings|bars|hollow circle|hollow on the axis): /;

/** How the end of stock maps begins in a caption (analysis/stock-maps.ts): a picture has the bar, and dots beyond. */
const STOCK_BAR = "double bar: ";

/** A caption without the marks that a native chart does not draw; what they mark stays said. */
export function nativeCaption(caption: string): string {
  return caption
    .split(" · ")
    .filter((part) => !MARKS_OF_PICTURES.test(part))
    .map((part) =>
      part.startsWith(STOCK_BAR) ? part.slice(STOCK_BAR.length).replace(", dots: ", ", beyond: ") : part,
    )
    .join(" · ");
}

/** The native chart of a configuration; null for kinds that are not exported natively, which need a picture. */
export function nativeChart(
  config: ChartConfiguration,
  intervals: ReadonlyMap<number, readonly [number, number]>,
  theme: ThemeName,
): NativeChart | null {
  const { type } = config as { type?: string };
  if (type !== "line" && type !== "scatter" && type !== "bar") return null;
  const plotted = plottedSeries(config);
  const all = [...new Set(plotted.flatMap(({ points }) => points.map(({ x }) => x)))];
  if (type !== "bar" && !all.every((x) => typeof x === "number")) return null;
  const horizontal = config.options?.indexAxis === "y";
  const categories = type === "bar" ? all : all.sort((a, b) => Number(a) - Number(b));
  if (horizontal) categories.reverse();
  const { value, base } = axesOf(config);
  const largest = maxOf(
    plotted.flatMap(({ points }) => points.map(({ y, high }) => Math.max(y ?? 0, high ?? 0))),
  );
  const logarithmic = value.type === "logarithmic";
  const majorUnit = logarithmic ? null : niceStep((value.max ?? largest) / 5);
  return {
    type: type === "bar" ? "bar" : "scatter",
    horizontal,
    stacked: value.stacked === true,
    gaps: plotted.some(({ points }) => points.some(({ y }) => y === null)),
    categories,
    series: plotted.map(({ label, points }, i) => {
      const byX = new Map<number | string, PlottedPoint>(points.map((point) => [point.x, point]));
      const look = config.data.datasets[i] as Look;
      const colours = [type === "bar" ? look.backgroundColor : look.borderColor]
        .flat()
        .map((colour) => hex(colour, theme));
      return {
        label,
        values: categories.map((x) => byX.get(x)?.y ?? null),
        intervals: categories.map((x) => {
          const { y = null, low, high } = byX.get(x) ?? {};
          if (low !== undefined && high !== undefined) return [low, high] as const;
          return y === null ? null : (intervals.get(y) ?? null);
        }),
        colours: horizontal ? colours.reverse() : colours,
        intervalColour: type === "bar" ? THEMES[theme].text.slice(1) : colours[0]!,
        symbol: SYMBOLS[String(look.pointStyle)] ?? "circle",
        dashed: Array.isArray(look.borderDash),
      };
    }),
    xTitle: base.title?.text ?? "",
    value: {
      log: logarithmic,
      ...(logarithmic
        ? decadesOf(value)
        : { min: value.min ?? 0, max: value.max ?? Math.ceil(largest / majorUnit!) * majorUnit! }),
      // Left to itself, LibreOffice labels every third power of ten.
      majorUnit: logarithmic ? 10 : majorUnit,
      formatCode: formatCode(config, largest, majorUnit),
    },
    base: {
      log: base.type === "logarithmic",
      ...(base.type === "logarithmic" ? decadesOf(base) : { min: base.min ?? null, max: base.max ?? null }),
      majorUnit: null,
      formatCode: "#,##0",
    },
  };
}

/** A native logarithmic axis has its lines at powers of ten alone, counted from where it starts. */
function decadesOf({ min, max }: { readonly min?: number; readonly max?: number }) {
  if (min === undefined || max === undefined) return { min: min ?? null, max: max ?? null };
  return decadesAround([min, max]);
}

/** `RRGGBB` of a CSS colour; the theme's text where it is written in another way. */
function hex(colour: unknown, theme: ThemeName): string {
  const found = /^#([0-9a-f]{6})/i.exec(String(colour))?.[1] ?? THEMES[theme].text.slice(1);
  return found.toUpperCase();
}

/**
 * The format of a spreadsheet for an axis: `[>=1000]0," µs"`. A comma behind the digits divides by a thousand (ECMA-376
 * part 1, 18.8.31), so that cells keep nanoseconds and bytes while readers see the unit that fits.
 */
function formatCode(config: ChartConfiguration, largest: number, step: number | null): string {
  const tick = axesOf(config).value.ticks?.callback ?? String;
  if (tick(1).endsWith("%")) return "0%";
  const time = ["ns", "µs", "ms", "s"];
  const units = showsTime(config)
    ? time
    : / ns\/s$/.test(tick(1))
      ? time.map((unit) => `${unit}/s`)
      : / [kMGT]?B$/.test(tick(1))
        ? ["B", "kB", "MB", "GB"]
        : null;
  if (!units) return `#,##0"${GAP}"`;
  const power = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(largest) / 3)));
  const format = (of: number, digits: string) => `${digits}${",".repeat(of)}" ${units[of]}${GAP}"`;
  // A linear axis has one unit, with a decimal where its steps need one.
  if (step !== null) return format(power, step % 1000 ** power === 0 || power === 0 ? "0" : "0.0");
  const top = Math.max(2, power);
  // `General` takes no comma; whole numbers will do for an axis of powers of ten that begins with this unit or above.
  const begins = (axesOf(config).value.min ?? 0) >= 1000 ** (top - 2);
  const last = top === 2 ? "General" : begins ? "0" : "0.000";
  return `[>=${1000 ** top}]${format(top, "#,##0")};[>=${1000 ** (top - 1)}]${format(top - 1, "0")};${format(top - 2, last)}`;
}

/** The axes that charts share. */

import { maxOf, minOf } from "../../stats/extent.js";
import type { View } from "../chart.js";
import { chartFont, scaleOf, THEMES } from "../theme.js";

const MAX_STEPS = 6;
const STEPS = [1, 2, 2.5, 5, 10] as const;

/** Powers of ten that enclose positive values, at least one decade apart. */
export function decadesAround(values: readonly number[]): { min: number; max: number } {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) return { min: 1, max: 10 };
  const low = Math.floor(Math.log10(minOf(positive)) + 1e-9);
  const high = Math.ceil(Math.log10(maxOf(positive)) - 1e-9);
  return { min: tenTo(low), max: tenTo(high > low ? high : low + 1) };
}

/** Two decades hold so few powers of ten that values between them can't be read. */
const NARROW = 100;
/** ...and a narrower axis than this would make noise look like growth. */
const NARROWEST = 5;

/** Ends of a logarithmic axis around positive values: powers of ten; within two decades 1, 2 or 5 times these. */
export function logRange(values: readonly number[]): { min: number; max: number } {
  const decades = decadesAround(values);
  if (decades.max / decades.min > NARROW * 1.01) return decades;
  const steps = logTicks(decades.min, decades.max).map(({ value }) => value);
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const min = steps.findLast((step) => positive.every((value) => value >= step * (1 - 1e-9)));
  const max = steps.find((step) => positive.every((value) => value <= step * (1 + 1e-9)));
  return min !== undefined && max !== undefined && max / min >= NARROWEST * 0.99 ? { min, max } : decades;
}

/** Powers of ten around numbers of services: a single one stands in the middle, not on the edge. */
export function servicesRange(services: readonly number[]): { min: number; max: number } {
  const range = decadesAround(services);
  return new Set(services).size > 1 ? range : { min: Math.max(1, range.min / 10), max: range.max };
}

/** The exact powers of ten of a range, and in a narrow one 2 and 5 times these. */
export function logTicks(min: number, max: number): { value: number }[] {
  const mantissas = max / min > NARROW * 1.01 ? [1] : [1, 2, 5];
  const ticks: { value: number }[] = [];
  for (let power = Math.floor(Math.log10(min) + 1e-9); tenTo(power) <= max * (1 + 1e-9); power++) {
    for (const mantissa of mantissas) {
      const value = Number(`${mantissa}e${power}`);
      if (value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9)) ticks.push({ value });
    }
  }
  return ticks;
}

/** Options of an axis in the theme: `x` has the axis line and the name, `y` has its unit on every tick instead. */
export function axisOptions(axis: "x" | "y", view: View, label: (value: number) => string, name = "") {
  const theme = THEMES[view.theme];
  const scale = scaleOf(view);
  const font = chartFont("tick", scale);
  return {
    border: { display: axis === "x", color: theme.axis, width: 2 * scale },
    grid: {
      display: true,
      color: theme.grid,
      lineWidth: 1.5 * scale,
      drawTicks: false,
      tickColor: theme.grid,
    },
    ticks: {
      font,
      color: theme.secondary,
      padding: 12 * scale,
      maxRotation: 0,
      autoSkip: false,
      callback: (value: string | number) => label(Number(value)),
    },
    title: {
      display: name !== "",
      align: "start" as const,
      text: name,
      font,
      color: theme.secondary,
      padding: { top: 6 * scale, bottom: 0 },
    },
  };
}

/** A logarithmic axis that prints each power of ten and nothing between, unless it has few. */
export function logAxis(
  axis: "x" | "y",
  view: View,
  range: { min: number; max: number },
  label: (value: number) => string,
  name = "",
) {
  return {
    ...axisOptions(axis, view, label, name),
    type: "logarithmic" as const,
    min: range.min,
    max: range.max,
    // Chart.js would print 1, 1.5, 2, 3, 5 and let them collide at the end.
    afterBuildTicks(built: { ticks: { value: number }[] }) {
      built.ticks = logTicks(range.min, range.max);
    },
  };
}

/** An axis from zero over at most six steps of 1, 2, 2.5 or 5 times a power of ten. */
export function linearRange(largest: number): { min: number; max: number; step: number } {
  if (!(largest > 0 && Number.isFinite(largest))) return { min: 0, max: 1, step: 1 };
  const decade = tenTo(Math.floor(Math.log10(largest / MAX_STEPS)));
  const step = decade * STEPS.find((candidate) => largest / (candidate * decade) <= MAX_STEPS)!;
  return { min: 0, max: step * Math.ceil(largest / step - 1e-9), step };
}

/** A linear axis from zero with a tick at each step. */
export function linearAxis(
  axis: "x" | "y",
  view: View,
  range: { min: number; max: number; step: number },
  label: (value: number) => string,
  name = "",
) {
  return {
    ...axisOptions(axis, view, label, name),
    type: "linear" as const,
    min: range.min,
    max: range.max,
    afterBuildTicks(built: { ticks: { value: number }[] }) {
      const steps = Math.round((range.max - range.min) / range.step);
      built.ticks = Array.from({ length: steps + 1 }, (_, i) => ({ value: range.min + i * range.step }));
    },
  };
}

/** The double nearest to a power of ten, which `10 ** -3` need not be. */
function tenTo(power: number): number {
  return Number(`1e${power}`);
}

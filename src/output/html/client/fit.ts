/** Makes a chart's configuration, drawn for a picture file, one for the page: words are text there, and the width varies. */

import type { ChartConfiguration } from "chart.js";
import type { View } from "../../../charts/chart.js";
import { fieldsOf, paddingOf } from "../../../charts/kit/chart-seam.js";
import { legendAbove, legendGap } from "../../../charts/kit/column-marks.js";
import type { Context2D } from "../../../charts/kit/context.js";
import { textWidth } from "../../../charts/kit/frame.js";
import { EDGE, LABEL_GAP } from "../../../charts/kit/marks.js";
import { niceStep, type ScaleOptions } from "../../../charts/kit/plot-data.js";
import { cssFont, scaleOf } from "../../../charts/theme.js";
import { maxOf } from "../../../stats/extent.js";

export interface PageView extends View {
  readonly scale: number;
  /** Too narrow for names next to the ends of lines. */
  readonly narrow: boolean;
}

interface Padding {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** Pixels around the plot, where a picture file has its words. */
const MARGIN_PX = 10;
/** Between the names of a narrow picture. */
const NARROW_PADDING_PX = 10;
/** A marker there. */
const NARROW_MARKER_PX = 9;
/** Right of the plot, for the right half of the last tick's number. */
const HALF_TICK_PX = 34;
/** Names next to lines are set in the system's font, which may be wider than the Inter that charts are laid out for. */
const FONT_SPREAD = 1.25;

/**
 * The room that a chart wants right of its plot, for names next to lines. It counts on lines that end before their axis, as
 * logarithmic ones do: linear ones go to its end.
 */
export function rightOf(
  config: ChartConfiguration,
  view: View,
  linear: boolean,
): (context: { chart: { ctx: Context2D } }) => number {
  const padding = config.options?.layout?.padding as ((context: object) => Padding) | undefined;
  const named = linear && (config.plugins ?? []).some(({ id }) => id === "endLabels");
  const labels = named ? config.data.datasets.map(({ label = "" }) => label) : [];
  const scale = scaleOf(view);
  return (context) => {
    const wide = labels.map((label) => textWidth(context.chart.ctx, label, cssFont("label", scale)));
    return Math.max(
      padding?.(context).right ?? HALF_TICK_PX,
      ...wide.map((width) => width + (LABEL_GAP + EDGE) * scale),
    );
  };
}

/** Whether the page is drawn for a printer. */
export const isPrinting = (): boolean => window.matchMedia("print").matches;

/** What names lines within the plot. */
const LINE_NAMES = ["endLabels", "pointLabels", "curveLabels"];

/** Leaves title, subtitle and caption to the page; names next to lines become a legend above where there is no room. */
export function fitPage(config: ChartConfiguration, view: PageView, linear: boolean): void {
  const dropped = view.narrow ? ["frame", ...LINE_NAMES] : ["frame"];
  const namesLines = (config.plugins ?? []).some(({ id }) => LINE_NAMES.includes(id));
  config.plugins = (config.plugins ?? []).filter(({ id }) => !dropped.includes(id));
  if (view.narrow && namesLines) nameAbove(config, view);
  const right = rightOf(config, view, linear);
  config.options = {
    ...config.options,
    responsive: false,
    animation: false,
    // On paper the printer's pixels are finer than the screen's.
    devicePixelRatio: Math.max(window.devicePixelRatio, isPrinting() ? 3 : 1),
    layout: {
      padding: paddingOf((context: { chart: { ctx: Context2D } }) => ({
        top: MARGIN_PX,
        bottom: MARGIN_PX,
        left: MARGIN_PX,
        right: view.narrow ? HALF_TICK_PX : FONT_SPREAD * right(context),
      })),
    },
  };
  if (view.narrow) thinTicks(config);
}

/** A legend of lines: each one's marker in its colour. */
function nameAbove(config: ChartConfiguration, view: PageView): void {
  const legend = legendAbove(view);
  const labels = {
    ...legend.labels,
    usePointStyle: true,
    boxHeight: NARROW_MARKER_PX,
    padding: NARROW_PADDING_PX,
  };
  config.plugins = [...(config.plugins ?? []), legendGap(MARGIN_PX)];
  config.options = {
    ...config.options,
    plugins: { ...config.options?.plugins, legend: { ...legend, display: true, labels } },
  };
}

interface Scale extends ScaleOptions {
  afterBuildTicks?: (built: { ticks: { value: number }[] }) => void;
}

const scalesOf = ({ options }: ChartConfiguration) =>
  (options?.scales ?? {}) as Record<string, Scale | undefined>;

/** Numbers below a narrow plot: every other power of ten, and every category. */
function thinTicks(config: ChartConfiguration): void {
  const { x } = scalesOf(config);
  if (!x) return;
  const build = x.afterBuildTicks;
  if (!build) {
    // Each with its number, slanted where they are too wide: the last one matters most.
    x.ticks = { ...x.ticks, autoSkip: false, maxRotation: 50 };
    return;
  }
  x.afterBuildTicks = (built) => {
    build(built);
    if (built.ticks.length > 4) built.ticks = built.ticks.filter((_, i) => i % 2 === 0);
  };
}

/** Turns logarithmic axes into linear ones from zero. */
export function makeLinear(config: ChartConfiguration): void {
  for (const [axis, scale] of Object.entries(scalesOf(config))) {
    if (scale?.type !== "logarithmic") continue;
    const values = config.data.datasets.flatMap(({ data }) =>
      data.map((datum) => Number(fieldsOf(datum)[axis])),
    );
    const largest = maxOf(values.filter(Number.isFinite));
    const step = niceStep(largest / 5);
    const count = Math.ceil(largest / step);
    scale.type = "linear";
    scale.min = 0;
    scale.max = count * step;
    scale.afterBuildTicks = (built) => {
      built.ticks = Array.from({ length: count + 1 }, (_, i) => ({ value: i * step }));
    };
  }
}

/** Makes a chart's configuration, drawn for a picture file, one for the page: words are text there, and the width varies. */

import type { ChartConfiguration, Scriptable } from "chart.js";
import type { View } from "../../charts/chart.js";
import type { ScaleOptions } from "../../plotted.js";

export interface PageView extends View {
  readonly scale: number;
  /** Too narrow for names beside the ends of lines. */
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
/** Right of the plot, for the right half of the last tick's number. */
const HALF_TICK_PX = 34;

/** Whether the page is drawn for a printer. */
export const onPaper = (): boolean => window.matchMedia("print").matches;

/** Leaves title, subtitle and caption to the page, and names beside lines too where there is no room. */
export function fitPage(config: ChartConfiguration, view: PageView): void {
  const dropped = view.narrow ? ["frame", "endLabels", "columnMarks"] : ["frame"];
  config.plugins = (config.plugins ?? []).filter(({ id }) => !dropped.includes(id));
  const padding = config.options?.layout?.padding as unknown as Scriptable<Padding, object>;
  config.options = {
    ...config.options,
    responsive: false,
    animation: false,
    // On paper the printer's pixels are finer than the screen's.
    devicePixelRatio: Math.max(window.devicePixelRatio, onPaper() ? 3 : 1),
    layout: {
      padding: ((context: object) => ({
        top: MARGIN_PX,
        bottom: MARGIN_PX,
        left: MARGIN_PX,
        right: view.narrow
          ? HALF_TICK_PX
          : ((typeof padding === "function" ? padding(context, {}) : padding)?.right ?? HALF_TICK_PX),
      })) as never,
    },
  };
  if (view.narrow) for (const scale of scalesOf(config)) halveTicks(scale);
}

const scalesOf = ({ options }: ChartConfiguration) =>
  Object.values((options?.scales ?? {}) as Record<string, Scale | undefined>).filter(
    (scale) => scale !== undefined,
  );

interface Scale extends ScaleOptions {
  afterBuildTicks?: (built: { ticks: { value: number }[] }) => void;
}

/** Where seven numbers of an axis don't fit, every other one does: powers of a hundred. */
function halveTicks(scale: Scale): void {
  const build = scale.afterBuildTicks;
  if (!build) return;
  scale.afterBuildTicks = (built) => {
    build(built);
    if (built.ticks.length > 5) built.ticks = built.ticks.filter((_, i) => i % 2 === 0);
  };
}

/** Turns logarithmic axes into linear ones from zero. */
export function makeLinear(config: ChartConfiguration): void {
  for (const scale of scalesOf(config)) {
    if (scale.type !== "logarithmic") continue;
    const values = config.data.datasets.flatMap(({ data }) =>
      data.flatMap((datum) => Object.entries(datum ?? {}).flatMap(([axis, value]) => [{ axis, value }])),
    );
    const axis = config.options?.scales?.x === (scale as unknown) ? "x" : "y";
    const largest = Math.max(
      ...values.flatMap(({ axis: of, value }) =>
        of === axis && Number.isFinite(value) ? [Number(value)] : [],
      ),
    );
    const step = niceStep(largest / 5);
    scale.type = "linear";
    scale.min = 0;
    scale.max = Math.ceil(largest / step) * step;
    const count = Math.round(scale.max / step);
    scale.afterBuildTicks = (built) => {
      built.ticks = Array.from({ length: count + 1 }, (_, i) => ({ value: i * step }));
    };
  }
}

/** The next 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least * 0.999) ?? 10 * power;
}

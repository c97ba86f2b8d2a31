/** Where a slide's chart of lines has its plot, and the names at the ends of its lines. Inches of the slide. */

import { spreadLabels } from "../../charts/kit/labels.js";
import type { NativeChart } from "./native.js";

/** A bold letter of 16 points is about half as wide as it is high. */
export const NAME = { points: 16, letter: 0.112, height: 0.32 };
/** Between a line's end and its name. */
const GAP = 0.15;
/** The plot's share of the chart, at most; the rest right of it is for names. */
const SHARE = { x: 0.07, y: 0.03, w: 0.76, h: 0.81 };

/** A box on the slide. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/**
 * The plot in a chart's box: as wide as names of this length next to the ends of lines let it be.
 * @param chart A chart of lines.
 * @param box What the chart may fill.
 * @param right Where names have to end.
 */
export function plotOf(chart: NativeChart, box: Box, right: number): Box {
  const x = box.x + box.w * SHARE.x;
  const w = endsOf(chart).reduce((width, { label, along }) => {
    const room = right - x - GAP - NAME.letter * label.length;
    return along > 0 ? Math.min(width, room / along) : width;
  }, box.w * SHARE.w);
  return { x, y: box.y + box.h * SHARE.y, w, h: box.h * SHARE.h };
}

/** The names of a chart's lines, each next to its end: a line that ends before the others is named there. */
export function lineNames(chart: NativeChart, plot: Box) {
  const ends = endsOf(chart);
  const wanted = ends.map(({ up }) => plot.y + plot.h * (1 - up));
  const middles = spreadLabels(wanted, {
    min: plot.y,
    max: plot.y + plot.h - NAME.height / 2,
    spacing: NAME.height,
  });
  return ends.map(({ label, colour, along }, i) => ({
    label,
    colour,
    x: plot.x + plot.w * along + GAP,
    y: middles[i]! - NAME.height / 2,
  }));
}

/** The last point of each line, as shares of both axes. */
function endsOf({ series, categories, base, value }: NativeChart) {
  return series.flatMap(({ label, values, colours }) => {
    const i = values.findLastIndex((number) => number !== null);
    if (i < 0) return [];
    const along = shareOf(Number(categories[i]), base);
    return [{ label, colour: colours[0]!, along, up: shareOf(values[i]!, value) }];
  });
}

/** How far along an axis a value lies, from 0 to 1. */
function shareOf(at: number, { log, min, max }: NativeChart["value"]): number {
  const [low, high] = [min ?? 0, max ?? 1];
  return log ? Math.log(at / low) / Math.log(high / low) : (at - low) / (high - low);
}

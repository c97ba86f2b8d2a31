/** Shorter paths in Skia's SVG, without a visible difference. */

import { maxOf, minOf } from "../../stats/extent.js";

/** Hundredths of a pixel are enough. */
const DIGITS = 2;
/** Skia writes a circle as 48 curves. */
const LEAST_CURVES = 8;
/** How far from a circle its curves' ends may be, pixels. */
const TOLERANCE_PX = 0.05;

/**
 * Shortens the paths of an SVG: numbers to hundredths of a pixel, and circles as two arcs.
 *
 * @param svg - as Skia writes it: absolute coordinates, one space between x and y
 * @returns the same picture in fewer bytes
 */
export function shortenPaths(svg: string): string {
  return svg.replace(/\bd="([^"]*)"/g, (_, path: string) => `d="${circle(path) ?? round(path)}"`);
}

function round(path: string): string {
  // pattern-bounded: numbers of our own paths.
  return path.replace(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(DIGITS))));
}

/** Two arcs, where every curve of a path that returns to its start ends at the same distance from its middle; null: no circle. */
function circle(path: string): string | null {
  const [start = "", ...curves] = path.split("Q");
  if (curves.length < LEAST_CURVES || !start.startsWith("M") || /[LCA]/.test(path)) return null;
  const ends = curves.map(endOf);
  const [from, to] = [endOf(start), ends.at(-1)!];
  if (!(Math.hypot(from[0] - to[0], from[1] - to[1]) <= TOLERANCE_PX)) return null;
  const [xs, ys] = [ends.map(([x]) => x), ends.map(([, y]) => y)];
  const cx = (minOf(xs) + maxOf(xs)) / 2;
  const cy = (minOf(ys) + maxOf(ys)) / 2;
  const r = (maxOf(xs) - minOf(xs)) / 2;
  if (ends.some(([x, y]) => !(Math.abs(Math.hypot(x - cx, y - cy) - r) <= TOLERANCE_PX))) return null;
  const [left, y, radius, diameter] = [cx - r, cy, r, 2 * r].map((value) => value.toFixed(DIGITS));
  return `M${left} ${y}a${radius} ${radius} 0 1 0 ${diameter} 0a${radius} ${radius} 0 1 0 -${diameter} 0Z`;
}

/** The last point of a piece of a path such as `M1 2` or `1 2 3 4Z`. */
function endOf(piece: string): [x: number, y: number] {
  const [x, y] = piece.replace(/[MZ]/g, "").split(" ").map(Number).slice(-2);
  return [x ?? Number.NaN, y ?? Number.NaN];
}

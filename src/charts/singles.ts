/** Lookups timed one at a time: which cells have them, and why others do not. */

import type { Described } from "../results/descriptors.js";
import type { Cell } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount, plainText } from "../text.js";
import { seriesStyle } from "./theme.js";

/** Nanoseconds of all single lookups of a cell; empty unless every replicate has them: else they are no fair sample. */
export function singleTimes({ replicates }: Cell): number[] {
  if (replicates.some(({ singles }) => singles === null)) return [];
  return replicates.flatMap(({ singles }) => singles?.ns ?? []);
}

/** Whether a cell has single lookups, without copying them. */
export function hasSingleTimes({ replicates }: Cell): boolean {
  return (
    replicates.every(({ singles }) => singles !== null) &&
    replicates.some(({ singles }) => (singles?.ns.length ?? 0) > 0)
  );
}

/** The cells of the largest N at which some plane's lookups were timed one at a time; undefined where none were. */
export function largestWithSingles(cells: readonly Cell[]): Cell[] | undefined {
  const services = maxOf(cells.filter(hasSingleTimes).map((cell) => cell.services));
  return Number.isFinite(services)
    ? selectCells(cells, { services }).filter(({ estimate }) => estimate !== null)
    : undefined;
}

/** For captions: `12,000–14,000 lookups per plane, each timed by itself`, or `what` else was timed. */
export function formatSingles(cells: readonly Cell[], what: string): string {
  const counts = cells.map((cell) => singleTimes(cell).length).filter((count) => count > 0);
  const [least, most] = [minOf(counts), maxOf(counts)].map(formatCount);
  return `${least === most ? least : `${least}–${most}`} ${what}s per plane, each timed by itself`;
}

/** For captions: the planes without single lookups. */
export function planeNames(results: Described, cells: readonly Cell[]): string {
  return cells.map(({ plane }) => seriesStyle(results, plane, "light").label).join(", ");
}

/** For captions: which planes have no percentiles, and why. */
export function reasonsWithout(results: Described, cells: readonly Cell[]): string[] {
  const byReason = new Map<string, Cell[]>();
  for (const cell of cells) {
    const reason = plainText(cell.percentilesReason ?? "not stored", 140);
    byReason.set(reason, [...(byReason.get(reason) ?? []), cell]);
  }
  return [...byReason].map(([reason, without]) => `${planeNames(results, without)}: ${reason}`);
}

/** Takes the lines of a chart out of results. */

import type { Cell, Estimate, Results } from "../results/schema.js";
import { comparePlanes } from "./theme.js";

/** What one chart shows: never two lanes or two scenarios in one picture. */
export interface Measure {
  readonly lane: Cell["lane"];
  readonly scenario: string;
}

export const MODEL_LOOKUP: Measure = { lane: "model", scenario: "lookup" };

export interface Point {
  readonly services: number;
  /** null: could not be measured. */
  readonly estimate: Estimate | null;
  /** Entries and probes visited by one lookup, exact; null when unknown. */
  readonly visited: number | null;
}

export interface Series {
  readonly plane: string;
  /** Ascending in services. */
  readonly points: readonly Point[];
}

/** The cells of one measure. */
export function cellsOf(results: Results, measure: Measure): Cell[] {
  return results.cells.filter((cell) => cell.lane === measure.lane && cell.scenario === measure.scenario);
}

/** One series a plane, in the order of the columns, each ascending in services. */
export function seriesOf(cells: readonly Cell[]): Series[] {
  const planes = [...new Set(cells.map((cell) => cell.plane))].sort(comparePlanes);
  return planes.map((plane) => {
    const byServices = new Map<number, Point>();
    for (const cell of cells) {
      if (cell.plane !== plane || byServices.has(cell.services)) continue;
      const visited = cell.work === null ? null : cell.work.rulesVisited + cell.work.hashProbes;
      byServices.set(cell.services, { services: cell.services, estimate: cell.estimate, visited });
    }
    return { plane, points: [...byServices.values()].sort((a, b) => a.services - b.services) };
  });
}

/** Every N of some series, ascending. */
export function servicesOf(series: readonly Series[]): number[] {
  return [...new Set(series.flatMap(({ points }) => points.map((point) => point.services)))].sort(
    (a, b) => a - b,
  );
}

/** Median of the empty lookups timed in the same processes: what is below it is the timer and the loop, not a plane. */
export function noiseFloorNs(cells: readonly Cell[]): number | null {
  const floors = cells.flatMap((cell) => cell.replicates.map((replicate) => replicate.floorNs));
  if (floors.length === 0) return null;
  floors.sort((a, b) => a - b);
  const middle = floors.length >> 1;
  return floors.length % 2 === 1 ? floors[middle]! : (floors[middle - 1]! + floors[middle]!) / 2;
}

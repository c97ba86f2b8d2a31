/** Takes the lines of a chart out of results. */

import type { Cell, Estimate, Results } from "../results/schema.js";
import { comparePlanes } from "./theme.js";

/** What one chart shows: never two lanes or two scenarios in one picture. */
export interface Measure {
  readonly lane: Cell["lane"];
  readonly scenario: string;
  /** What the scenario varies beside its axis; nothing by default. */
  readonly variant?: string;
  /** What the x axis counts: services of the cluster by default, or endpoints of each service. */
  readonly axis?: "services" | "endpoints";
}

export const MODEL_LOOKUP: Measure = { lane: "model", scenario: "lookup" };

export interface Point {
  /** Services, or what the measure's axis counts. */
  readonly n: number;
  /** null: could not be measured. */
  readonly estimate: Estimate | null;
  /** Entries and probes visited by one lookup, exact; null when unknown. */
  readonly visited: number | null;
}

export interface Series {
  readonly plane: string;
  /** Ascending in n. */
  readonly points: readonly Point[];
}

/** The cells of one measure. */
export function cellsOf(results: Results, measure: Measure): Cell[] {
  const { lane, scenario, variant = "" } = measure;
  return results.cells.filter(
    (cell) => cell.lane === lane && cell.scenario === scenario && cell.variant === variant,
  );
}

/** One series a plane, in the order of the columns, each ascending in n. */
export function seriesOf(cells: readonly Cell[], axis: "services" | "endpoints" = "services"): Series[] {
  const planes = [...new Set(cells.map((cell) => cell.plane))].sort(comparePlanes);
  return planes.map((plane) => {
    const byN = new Map<number, Point>();
    for (const cell of cells) {
      if (cell.plane !== plane || byN.has(cell[axis])) continue;
      const visited = cell.work === null ? null : cell.work.rulesVisited + cell.work.hashProbes;
      byN.set(cell[axis], { n: cell[axis], estimate: cell.estimate, visited });
    }
    return { plane, points: [...byN.values()].sort((a, b) => a.n - b.n) };
  });
}

/** Every N of some series, ascending. */
export function servicesOf(series: readonly Series[]): number[] {
  return [...new Set(series.flatMap(({ points }) => points.map((point) => point.n)))].sort((a, b) => a - b);
}

/** Median of the empty lookups timed in the same processes: what is below it is the timer and the loop, not a plane. */
export function noiseFloorNs(cells: readonly Cell[]): number | null {
  const floors = cells.flatMap((cell) => cell.replicates.map((replicate) => replicate.floorNs));
  if (floors.length === 0) return null;
  floors.sort((a, b) => a - b);
  const middle = floors.length >> 1;
  return floors.length % 2 === 1 ? floors[middle]! : (floors[middle - 1]! + floors[middle]!) / 2;
}

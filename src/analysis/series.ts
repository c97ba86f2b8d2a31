/** Takes the lines of a chart out of results. */

import { comparePlanes, type Described, planeLabel } from "../results/descriptors.js";
import type { Cell, Estimate, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { median } from "../stats/quantile.js";
import { plainText } from "../text.js";

/** What one chart shows: never two lanes or two scenarios in one picture. */
export interface Measure {
  readonly lane: Cell["lane"];
  readonly scenario: string;
  /** Which variants of the scenario are shown, each a line of its own; the plain one by default. */
  readonly variants?: readonly string[];
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
  readonly variant: string;
  /** Ascending in n. */
  readonly points: readonly Point[];
}

/** The cells of one measure. */
export function cellsOf(results: Results, measure: Measure): Cell[] {
  const { lane, scenario, variants = [""] } = measure;
  return selectCells(results, { lane, scenario, variant: variants });
}

/** One series per plane and variant, in the order of the columns, each ascending in n. */
export function seriesOf(
  results: Described,
  cells: readonly Cell[],
  axis: "services" | "endpoints" = "services",
): Series[] {
  const compare = comparePlanes(results);
  const lines = new Map<string, { plane: string; variant: string; byN: Map<number, Point> }>();
  for (const cell of cells) {
    const { plane, variant, work } = cell;
    const key = JSON.stringify([plane, variant]);
    const line = lines.get(key) ?? { plane, variant, byN: new Map<number, Point>() };
    lines.set(key, line);
    if (line.byN.has(cell[axis])) continue;
    const visited = work === null ? null : work.rulesVisited + work.hashProbes;
    line.byN.set(cell[axis], { n: cell[axis], estimate: cell.estimate, visited });
  }
  return [...lines.values()]
    .sort((a, b) => compare(a.plane, b.plane) || a.variant.localeCompare(b.variant))
    .map(({ plane, variant, byN }) => ({
      plane,
      variant,
      points: [...byN.values()].sort((a, b) => a.n - b.n),
    }));
}

/** A series' name: the plane's, with the variant behind it. */
export function seriesLabel(
  results: Described,
  { plane, variant }: Pick<Series, "plane" | "variant">,
): string {
  const label = planeLabel(results, plane);
  // "eBPF, socket": at the socket and elsewhere "hash" tells nothing apart, and would not fit next to a line.
  return variant === "" ? label : `${label.replace(/ hash$/, "")}, ${plainText(variant, 20)}`;
}

/** Every N of some series, ascending. */
export function servicesOf(series: readonly Series[]): number[] {
  return [...new Set(series.flatMap(({ points }) => points.map((point) => point.n)))].sort((a, b) => a - b);
}

/** Median of the empty lookups timed in the same processes: what is below it is the timer and the loop, not a plane. */
export function noiseFloorNs(cells: readonly Cell[]): number | null {
  const floors = cells.flatMap((cell) => cell.replicates.map((replicate) => replicate.floorNs));
  return floors.length === 0 ? null : median(floors);
}

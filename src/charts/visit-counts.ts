/** What lookups visit, exact: what charts of work have in common. */

import { type Series, seriesLabel } from "../analysis/series.js";
import type { Described } from "../results/descriptors.js";
import { formatCount } from "../text.js";
import type { PlotLine } from "./loglog.js";

/** The ends of each line, for those who can't see the picture. */
export function describeVisited(results: Described, series: readonly Series[]): string[] {
  return series.map((line) => {
    const ends = [...new Set([line.points[0]!, line.points.at(-1)!])];
    const said = ends.map((point) => `${formatCount(point.visited!)} at N = ${formatCount(point.n)}`);
    return `${seriesLabel(results, line)}: ${said.join(", ")}`;
  });
}

/** A line of counts; null where nothing was counted. */
export function visitedPoints({ points }: Series): PlotLine["points"] {
  return points.map(({ n, visited }) => ({ x: n, y: visited }));
}

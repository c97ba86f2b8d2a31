/** What the reader chose to see, and the results as that choice shows them. */

import type { ThemeName } from "../../../charts/theme.js";
import { keepDigest } from "../../../results/digest.js";
import type { Cell, Results } from "../../../results/schema.js";

/** What a point is: the median over replicates, that at equal memory speed, or a percentile of single lookups. */
export const STATISTICS = {
  median: "Median",
  adjusted: "Median at typical memory speed",
  p01: "1st percentile",
  p50: "50th percentile",
  p90: "90th percentile",
  p99: "99th percentile",
  p999: "99.9th percentile",
} as const;
export type Statistic = keyof typeof STATISTICS;

export interface FilterChoice {
  /** null: all. */
  readonly scenario: string | null;
  readonly hiddenPlanes: ReadonlySet<string>;
  readonly statistic: Statistic;
  readonly linear: boolean;
  readonly theme: ThemeName;
}

/** The run as it would be, had it measured only what was chosen. */
export function chosenResults(results: Results, { hiddenPlanes, statistic }: FilterChoice): Results {
  if (hiddenPlanes.size === 0 && statistic === "median") return results;
  const shown = ({ plane }: { plane: string }) => !hiddenPlanes.has(plane);
  const copy = {
    ...results,
    cells: results.cells.filter(shown).flatMap((cell) => asStatistic(cell, statistic)),
    fits: statistic === "median" ? results.fits.filter(shown) : [],
    crossovers:
      statistic === "median"
        ? results.crossovers.filter(
            ({ faster, slower }) => !hiddenPlanes.has(faster) && !hiddenPlanes.has(slower),
          )
        : [],
    // Findings speak of medians of all planes.
    findings: [],
  };
  return keepDigest(copy, results);
}

/** A timed cell with another statistic as its estimate; none where it has none. */
function asStatistic(cell: Cell, statistic: Statistic): Cell[] {
  if (statistic === "median" || cell.counts !== null) return [cell];
  if (statistic === "adjusted") {
    return cell.adjusted ? [{ ...cell, estimate: { ...cell.adjusted, kind: "ci95" } }] : [];
  }
  const percentile = cell.percentiles?.[statistic];
  if (!percentile || !cell.estimate) return [];
  const { value, interval } = percentile;
  return [{ ...cell, estimate: { median: value, interval, kind: cell.estimate.kind } }];
}

/** The statistics that some cell has. */
export function statisticsOf({ cells }: Results): Statistic[] {
  return (Object.keys(STATISTICS) as Statistic[]).filter(
    (statistic) =>
      statistic === "median" ||
      cells.some((cell) => cell.counts === null && asStatistic(cell, statistic).length > 0),
  );
}

/** How many timed cells have the statistic: single lookups are not timed where the clock would be much of them. */
export function coverage({ cells }: Results, statistic: Statistic): string {
  if (statistic === "median") return "";
  const timed = cells.filter((cell) => cell.counts === null && cell.estimate);
  const having = timed.filter((cell) => asStatistic(cell, statistic).length > 0);
  const why =
    statistic === "adjusted"
      ? "the others are measured too few times, or fit a core's own caches"
      : "in the others the clock would be a large part of a single lookup, or too few were timed";
  return `${having.length} of ${timed.length} measurements have this statistic; ${why}.`;
}

/** Says in a subtitle what is drawn instead of what the chart is drawn with at first. */
export function chosenSubtitle(subtitle: string, { statistic, linear }: FilterChoice): string {
  const said =
    statistic === "median"
      ? subtitle
      : subtitle.replace(/^(|[^:]*: )median /i, `$1${STATISTICS[statistic]} of `);
  return linear ? said.replace("log–log scale", "linear scale") : said;
}

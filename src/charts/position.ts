/** Time of a decision against the entries that it visits: in a list a service's position decides, in a table nothing does. */

import { twoDigits } from "../analysis/findings/common.js";
import { cellsOf, type Measure, MODEL_LOOKUP } from "../analysis/series.js";
import { comparePlanes, type Described } from "../results/descriptors.js";
import type { Cell, Results } from "../results/schema.js";
import { quantileSorted } from "../stats/quantile.js";
import { formatCount, formatNs } from "../text.js";
import { headline, pickTitle, provenance, withConditions } from "./caption-text.js";
import type { Chart, View } from "./chart.js";
import { logRange, servicesRange } from "./kit/axes.js";
import { intervalBands } from "./kit/marks.js";
import { pointLabels } from "./kit/point-labels.js";
import { type LinePoint, linesConfig } from "./loglog.js";
import { formatSingles, largestWithSingles, planeNames, singleTimes } from "./singles.js";
import { seriesStyle } from "./theme.js";

const BINS_A_DECADE = 6;
/** Fewer lookups give no 10th and 90th percentile worth drawing. */
const LEAST_IN_BIN = 20;

type Bin = LinePoint & { readonly y: number; readonly low: number; readonly high: number };

export const position: Chart = positionChart({
  id: "position",
  title: "Time of single lookups against the entries that each visits, log–log (model)",
  measure: MODEL_LOOKUP,
  findings: ["position"],
  what: "lookup",
});

interface PositionChart {
  readonly id: string;
  readonly title: string;
  readonly measure: Measure;
  /** Whose headline may be the title. */
  readonly findings: readonly string[];
  /** What is timed, in a word. */
  readonly what: string;
}

/** Single operations of one measure against what each visits, at the largest number of services. */
export function positionChart({ id, title, measure, findings, what }: PositionChart): Chart {
  return { id, title, build };

  function build(results: Results, view: View): ReturnType<Chart["build"]> {
    const measured = cellsOf(results, measure);
    if (measured.length === 0) return { skipped: `no ${measure.lane} ${measure.scenario} was measured` };
    const cells = largestWithSingles(measured)?.filter((cell) => cell.work !== null);
    if (cells === undefined || cells.length === 0) {
      return { skipped: `no ${what} was slow enough to be timed one at a time` };
    }
    const sorted = cells.toSorted((a, b) => comparePlanes(results)(a.plane, b.plane));
    const lines = sorted.map((cell) => ({ plane: cell.plane, points: binned(cell) }));
    const batched = sorted.filter((cell) => singleTimes(cell).length === 0);
    const services = formatCount(cells[0]!.services);
    const words = {
      title: pickTitle(
        [lastAgainstFirst(results, lines), headline(results, findings)],
        `Time of a ${what} by the entries it visits`,
      ),
      subtitle: `${withConditions(`Single ${what}s at ${services} Services: median, band from p10 to p90`, measure, results)} · log–log scale · lower is better`,
      caption: [
        provenance(results, measure, cells),
        formatSingles(cells, what),
        ...(batched.length > 0
          ? [`${planeNames(results, batched)}: too fast for the clock, so mean entries and median of batches`]
          : []),
      ].join(" · "),
    };
    const all = lines.flatMap(({ points }) => points);
    const described = lines.map(({ plane, points }) => {
      const said = [...new Set([points[0]!, points.at(-1)!])].map(
        ({ x, y }) => `${formatNs(y)} where it visits ${formatCount(Math.round(x))}`,
      );
      return `${seriesStyle(results, plane, "light").label}: ${said.join(", ")}`;
    });
    return {
      ...words,
      description: [words.title, ...described, words.caption].join(". "),
      config: linesConfig(
        results,
        lines,
        words,
        view,
        {
          x: {
            range: servicesRange(all.map(({ x }) => x)),
            label: formatCount,
            name: `Rules and table entries that the ${what} visited`,
          },
          y: { range: logRange(all.flatMap(({ low, high }) => [low, high])), label: formatNs },
        },
        [
          intervalBands(
            lines.map(({ plane, points }) => ({
              colour: seriesStyle(results, plane, view.theme).line,
              runs: [points],
            })),
            view,
          ),
        ],
        pointLabels,
      ),
    };
  }
}

/** Single lookups in bins of entries visited, equally wide on a logarithmic axis; a plane without any is one point. */
function binned(cell: Cell): Bin[] {
  if (singleTimes(cell).length === 0) {
    const { rulesVisited, hashProbes } = cell.work!;
    const { median, interval } = cell.estimate!;
    return [{ x: Math.max(1, rulesVisited + hashProbes), y: median, low: interval[0], high: interval[1] }];
  }
  const lookups = cell.replicates.flatMap(({ singles }) =>
    singles!.ns.map((ns, i) => ({ ns: Math.max(1, ns), visited: Math.max(1, singles!.visited[i]!) })),
  );
  const bins: (typeof lookups)[] = [];
  let binOfLast = Number.NaN;
  for (const lookup of lookups.sort((a, b) => a.visited - b.visited)) {
    const bin = Math.floor(BINS_A_DECADE * Math.log10(lookup.visited));
    const open = bins.at(-1);
    if (open === undefined || (bin !== binOfLast && open.length >= LEAST_IN_BIN)) bins.push([lookup]);
    else open.push(lookup);
    binOfLast = bin;
  }
  const rest = bins.at(-1)!;
  if (bins.length > 1 && rest.length < LEAST_IN_BIN) bins.splice(-2, 2, [...bins.at(-2)!, ...rest]);
  return bins.map((bin) => {
    const times = Float64Array.from(bin, ({ ns }) => ns).sort();
    return {
      x: bin[bin.length >> 1]!.visited,
      y: quantileSorted(times, 0.5),
      low: quantileSorted(times, 0.1),
      high: quantileSorted(times, 0.9),
    };
  });
}

/** A title where the first and the last lookups of a list don't even overlap between p10 and p90. */
function lastAgainstFirst(
  results: Described,
  lines: readonly { plane: string; points: readonly Bin[] }[],
): string | undefined {
  const steepest = lines
    .filter(({ points }) => points.at(-1)!.low > points[0]!.high)
    .map(({ plane, points }) => ({ plane, ratio: points.at(-1)!.y / points[0]!.y }))
    .sort((a, b) => b.ratio - a.ratio)[0];
  if (steepest === undefined) return undefined;
  const label = seriesStyle(results, steepest.plane, "light").label;
  return `In ${label}, the last Services listed take ${twoDigits(steepest.ratio)}× the first`;
}

/** How times are spread at the largest N: empirical distribution functions. */

import { cellsOf, MODEL_LOOKUP } from "../analysis/series.js";
import { enlargedNote } from "../analysis/stock-maps.js";
import { comparePlanes, type Described, shortLabel } from "../results/descriptors.js";
import type { Cell } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf } from "../stats/extent.js";
import { quantileSorted } from "../stats/quantile.js";
import { formatCount, formatNs } from "../text.js";
import { joinParts, pickTitle, provenance, withConditions } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { curveLabels } from "./kit/curve-labels.js";
import { linesConfig } from "./loglog.js";
import { hasSingleTimes, planeNames, singleTimes } from "./singles.js";
import { seriesStyle } from "./theme.js";

/** In the middle of each hundredth: one interrupt of ten thousand lookups must not set the axis. */
const SHARES = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100);

export const distribution: Chart = {
  id: "distribution",
  title: "Distribution of the time of a lookup at the largest number of Services (model)",
  build(results, view) {
    const measured = cellsOf(results, MODEL_LOOKUP).filter((cell) => cell.estimate !== null);
    const services = maxOf(measured.map((cell) => cell.services));
    const cells = selectCells(measured, { services }).sort((a, b) =>
      comparePlanes(results)(a.plane, b.plane),
    );
    if (cells.length === 0) return { skipped: "no model lookup was measured" };
    const lines = cells.map((cell) => ({
      plane: cell.plane,
      unnamed: true,
      smooth: true,
      points: quantiles(cell).map((x, i) => ({ x, y: SHARES[i]! })),
    }));
    const single = cells.filter(hasSingleTimes);
    const batched = cells.filter((cell) => !hasSingleTimes(cell));
    const words = {
      title: pickTitle(
        [slowHalf(results, single)],
        `How lookup times spread at ${formatCount(services)} Services`,
      ),
      subtitle: `${withConditions("Cumulative share of lookups (CDF), from 0.5 to 99.5\u00a0%", MODEL_LOOKUP, results)} · log scale · left is better`,
      caption: joinParts([
        provenance(results, MODEL_LOOKUP, cells),
        single.length > 0 && `single lookups: ${planeNames(results, single)}`,
        batched.length > 0 &&
          `means of a batch each, narrower than single lookups: ${planeNames(results, batched)}`,
        enlargedNote(results, cells),
      ]),
    };
    const described = lines.map(({ plane, points }) => {
      const at = (i: number) => formatNs(points[i]!.x);
      return `${seriesStyle(results, plane, "light").label}: from ${at(0)} over ${at(50)} in the middle to ${at(99)}`;
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
            range: logRange(lines.flatMap(({ points }) => points.map(({ x }) => x))),
            label: formatNs,
            name: "Time of one lookup",
          },
          y: {
            range: { min: 0, max: 1, step: 0.25 },
            label: (share) => `${formatCount(100 * share)} %`,
          },
        },
        [
          curveLabels(
            lines.map(({ plane, points }) => {
              const { label, labelColour } = seriesStyle(results, plane, view.theme);
              return { text: label, colour: labelColour, points };
            }),
            view,
          ),
        ],
      ),
    };
  },
};

/** What half of the slowest plane's lookups take at least, where more than one plane is there to be slower than. */
function slowHalf(results: Described, single: readonly Cell[]): string | undefined {
  const [slowest, next] = single
    .filter(({ percentiles }) => percentiles !== null)
    .sort((a, b) => b.percentiles!.p50.value - a.percentiles!.p50.value);
  if (!slowest || !next || !(slowest.percentiles!.p50.interval[0] > next.percentiles!.p50.interval[1]))
    return undefined;
  return `At ${formatCount(slowest.services)} Services half of ${shortLabel(results, slowest.plane)} lookups exceed ${formatNs(slowest.percentiles!.p50.value)}`;
}

function quantiles(cell: Cell): number[] {
  const single = singleTimes(cell);
  const values = single.length > 0 ? single : cell.replicates.flatMap(({ samples }) => samples);
  const sorted = Float64Array.from(values, (ns) => Math.max(0.1, ns)).sort();
  return SHARES.map((share) => quantileSorted(sorted, share));
}

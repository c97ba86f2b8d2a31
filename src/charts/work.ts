/** Exact work against the number of services: the companion that tells O(1) in work from a line bent by caches. */

import { cellsOf, MODEL_LOOKUP, type Series, seriesOf } from "../analysis/series.js";
import { largestOf, stockEnds, stockNote } from "../analysis/stock-maps.js";
import type { Described } from "../results/descriptors.js";
import { maxOf, minOf } from "../stats/extent.js";
import { formatCount } from "../text.js";
import {
  headline,
  joinParts,
  MAX_TITLE_WORDS,
  provenance,
  truncatedSeriesNote,
  withConditions,
} from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { logLogConfig, SERVICES_AXIS } from "./loglog.js";
import { seriesStyle } from "./theme.js";
import { describeVisited, visitedPoints } from "./visit-counts.js";

/** Hash chains differ a little from table to table: a hash lookup's mean is constant within a tenth. */
const CONSTANT_WITHIN = 1.1;

export const work: Chart = {
  id: "work",
  title: "Entries and probes visited by one lookup against the number of Services, log–log (model)",
  build(results, view) {
    const cells = cellsOf(results, MODEL_LOOKUP).filter((cell) => cell.work !== null);
    const series = seriesOf(results, cells)
      .map((line) => ({ ...line, points: line.points.filter((point) => (point.visited ?? 0) > 0) }))
      .filter(({ points }) => points.length > 0);
    if (series.length === 0) return { skipped: "no work was counted" };
    const words = {
      title:
        headline(results, ["work-constant", "logarithm", "ipvs-chains"]) ?? constantTitle(results, series),
      subtitle: `${withConditions("Rules and table entries visited by one lookup, exact mean", MODEL_LOOKUP, results)} · log–log scale · lower is better`,
      caption: joinParts([
        provenance(results, MODEL_LOOKUP, []),
        truncatedSeriesNote(results, cells),
        stockNote(results, largestOf(series)),
      ]),
    };
    const counts = series.flatMap(({ points }) => points.map((point) => point.visited!));
    return {
      ...words,
      description: [words.title, ...describeVisited(results, series), words.caption].join(". "),
      config: logLogConfig(
        results,
        series.map((line) => ({
          plane: line.plane,
          ends: stockEnds(results, line.plane),
          points: visitedPoints(line),
        })),
        words,
        view,
        { x: SERVICES_AXIS, range: logRange(counts), label: formatCount },
        [],
      ),
    };
  },
};

/** Says which planes' work doesn't grow; a plane seen at one N only has shown nothing. */
function constantTitle(results: Described, series: readonly Series[]): string {
  const constant = series.filter(({ points }) => {
    const counts = points.map((point) => point.visited!);
    return counts.length > 1 && maxOf(counts) / minOf(counts) <= CONSTANT_WITHIN;
  });
  if (constant.length === 0) return "Work of one lookup by number of Services";
  const names = constant.map(({ plane }) => seriesStyle(results, plane, "light").label);
  const list = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]!;
  const title = `Work per lookup stays constant for ${list}`;
  if (title.split(" ").length <= MAX_TITLE_WORDS) return title;
  return `Work per lookup stays constant for ${constant.length} of ${series.length} planes`;
}

/** Is it O(log n)? What a lookup visits in a hash table, a trie and a list, on an axis where a logarithm is a straight line. */

import { cellsOf, MODEL_LOOKUP, type Series, seriesOf } from "../analysis/series.js";
import { largestOf, stockEnds, stockNote } from "../analysis/stock-maps.js";
import { claimant, type Described } from "../results/descriptors.js";
import { formatCount } from "../text.js";
import { headline, joinParts, provenance, truncatedSeriesNote } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { linearRange, servicesRange } from "./kit/axes.js";
import { pointLabels } from "./kit/point-labels.js";
import { linesConfig, SERVICES_AXIS } from "./loglog.js";
import { seriesStyle } from "./theme.js";
import { describeVisited, visitedPoints } from "./visit-counts.js";

/** One plane of each kind: more would say nothing else. */
const KINDS = ["hash", "trie", "list"] as const;
const LEAST_POINTS = 3;

export const logarithm: Chart = {
  id: "logarithm",
  title:
    "Nodes and entries visited in a hash table, a trie and a list; a straight line is a logarithm (model)",
  build(results, view) {
    const planes = KINDS.map((kind) => claimant(results, kind));
    const cells = cellsOf(results, MODEL_LOOKUP).filter(
      ({ plane, work }) => planes.includes(plane) && work !== null,
    );
    const series = seriesOf(results, cells).filter(({ points }) => points.length > 0);
    const trie = series.find(({ plane }) => plane === claimant(results, "trie"));
    if (!trie || trie.points.length < LEAST_POINTS) return { skipped: "no trie was measured at three sizes" };
    // The list leaves a picture that has room for a logarithm.
    const range = linearRange(1.25 * Math.max(...trie.points.map(({ visited }) => visited!)));
    const shown = series.map((line) => ({
      ...line,
      points: line.points.filter(({ visited }) => visited! <= range.max),
    }));
    const drawn = shown.filter(({ points }) => points.length > 0);
    const words = {
      title: headline(results, ["trie-logarithm"]) ?? "What one lookup visits in a hash table, trie and list",
      subtitle: "Model: nodes, entries and rules visited by one lookup, exact mean · x logarithmic, y linear",
      caption: joinParts([
        provenance(results, MODEL_LOOKUP, []),
        leaving(results, series, range.max),
        truncatedSeriesNote(results, cells),
        stockNote(results, largestOf(drawn)),
      ]),
    };
    return {
      ...words,
      description: [words.title, ...describeVisited(results, series), words.caption].join(". "),
      config: linesConfig(
        results,
        drawn.map((line) => ({
          plane: line.plane,
          ends: stockEnds(results, line.plane),
          points: visitedPoints(line),
        })),
        words,
        view,
        {
          x: {
            range: servicesRange(trie.points.map(({ n }) => n)),
            label: formatCount,
            name: SERVICES_AXIS,
          },
          y: { range, label: formatCount },
        },
        [],
        // At a line's own end: the list leaves the picture early, and a name at the edge would look like a flat line.
        pointLabels,
      ),
    };
  },
};

/** Which lines go on above the picture, and where to. */
function leaving(results: Described, series: readonly Series[], top: number): string | false {
  const above = series.flatMap(({ plane, points }) => {
    const last = points.at(-1)!;
    if (last.visited! <= top) return [];
    const { label } = seriesStyle(results, plane, "light");
    return [
      `${label} goes on to ${formatCount(Math.round(last.visited!))} at ${formatCount(last.n)} Services`,
    ];
  });
  return above.length > 0 && above.join(", ");
}

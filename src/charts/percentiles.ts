/** Percentiles of single lookups as grouped columns, as the Kubernetes blog draws them. */

import { headlineFactor, possessive } from "../analysis/findings/common.js";
import { cellsOf, type Measure, MODEL_LOOKUP } from "../analysis/series.js";
import { enlargedNote } from "../analysis/stock-maps.js";
import { comparePlanes, type Described, planeReport, shortLabel } from "../results/descriptors.js";
import type { Cell, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { formatCount, formatNs, nsFormatter } from "../text.js";
import { headline, intervalKind, joinParts, pickTitle, provenance, withConditions } from "./caption-text.js";
import type { Chart, View } from "./chart.js";
import { columnsConfig } from "./clustered.js";
import { formatSingles, largestWithSingles, reasonsWithout } from "./singles.js";
import { seriesStyle } from "./theme.js";

const SHARES = ["p01", "p50", "p90", "p99"] as const;
/** Drawn where a chart asks for it and every plane has it. */
const FAR_TAIL = "p999" as const;

export const percentiles: Chart = percentilesChart({
  id: "percentiles",
  title: "p01, p50, p90 and p99 of single lookups at the largest number of Services (model)",
  measure: MODEL_LOOKUP,
  services: null,
  what: "lookup",
});

interface PercentilesChart {
  readonly id: string;
  readonly title: string;
  readonly measure: Measure;
  /** At which number of services; null: at the largest that has any. */
  readonly services: number | null;
  /** What is timed, in a word. */
  readonly what: string;
  /** Whether p99.9 is drawn where all have it: it needs some 10,000 of each plane. */
  readonly farTail?: boolean;
  /** Said in the caption. */
  readonly note?: (results: Described, cells: readonly Cell[]) => string;
}

/** Percentiles of single operations of one measure, at one number of services. */
export function percentilesChart(chart: PercentilesChart): Chart {
  const { id, title, measure, services: at, what, farTail = false, note } = chart;
  return { id, title, build: (results, view) => build(results, view) };

  function build(results: Results, view: View): ReturnType<Chart["build"]> {
    const measured = cellsOf(results, measure);
    if (measured.length === 0) return { skipped: `no ${measure.lane} ${measure.scenario} was measured` };
    const cells = largestWithSingles(at === null ? measured : selectCells(measured, { services: at }));
    const shown = (cells ?? [])
      .filter((cell) => cell.percentiles !== null)
      .sort((a, b) => comparePlanes(results)(a.plane, b.plane));
    if (cells === undefined || shown.length === 0) {
      return { skipped: `no ${what} was slow enough to be timed one at a time` };
    }
    const services = formatCount(shown[0]!.services);
    const hasFarTail = farTail && shown.every(({ percentiles }) => percentiles![FAR_TAIL] !== null);
    const shares = hasFarTail ? [...SHARES, FAR_TAIL] : SHARES;
    const names = shares.map((share) => (share === FAR_TAIL ? "p99.9" : share));
    const words = {
      title: pickTitle(
        [...tails(results, shown), headline(results, ["position"])],
        `Percentiles of single ${what}s at ${services} Services`,
      ),
      subtitle: `${withConditions(`Single ${what}s at ${services} Services, ${intervalKind(shown)}`, measure, results)} · linear scale · lower is better`,
      caption: joinParts([
        provenance(results, measure, shown),
        formatSingles(shown, what),
        ...reasonsWithout(
          results,
          cells.filter((cell) => cell.percentiles === null),
        ),
        note?.(results, shown),
        measure.lane === "model" && enlargedNote(results, shown),
      ]),
    };
    const rows = shown.map(({ plane, percentiles }) => {
      const style = seriesStyle(results, plane, view.theme);
      return {
        label: style.columnLabel,
        colour: style.line,
        marks: shares.map((share) => percentiles![share]!),
      };
    });
    const described = rows.map(
      ({ label, marks }) =>
        `${label}: ${marks.map(({ value }, i) => `${names[i]} ${formatNs(value)}`).join(", ")}`,
    );
    return {
      ...words,
      description: [words.title, ...described, words.caption].join(". "),
      config: columnsConfig(
        {
          categories: names,
          axis: `Percentile of the time of a ${what}`,
          rows,
          format: formatNs,
          ticks: nsFormatter,
        },
        words,
        view,
      ),
    };
  }
}

/** The slowest plane's p99 against those of the others, fastest first, where their intervals do not overlap. */
function tails(results: Described, cells: readonly Cell[]): string[] {
  const byTail = cells
    .filter(({ plane }) => planeReport(results, plane).role === "proxy")
    .sort((a, b) => a.percentiles!.p99.value - b.percentiles!.p99.value);
  const slowest = byTail.pop();
  if (slowest === undefined) return [];
  const high = slowest.percentiles!.p99;
  const name = possessive(shortLabel(results, slowest.plane));
  return byTail.flatMap(({ plane, percentiles }) =>
    high.interval[0] > percentiles!.p99.interval[1]
      ? [
          `At ${formatCount(slowest.services)} Services ${name} p99 is ${headlineFactor(high.value / percentiles!.p99.value, [high.interval[0] / percentiles!.p99.interval[1], high.interval[1] / percentiles!.p99.interval[0]])} ${possessive(shortLabel(results, plane))}`,
        ]
      : [],
  );
}

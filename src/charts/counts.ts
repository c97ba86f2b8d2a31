/** Exact counts against the number of services: what updates write, and what programs hold. */

import { cellsOf, type Series, seriesOf } from "../analysis/series.js";
import { largestOf, stockEnds, stockNote } from "../analysis/stock-maps.js";
import { shortLabel } from "../results/descriptors.js";
import type { Cell } from "../results/schema.js";
import { findCell } from "../results/select.js";
import { formatCount, formatDecimalBytes } from "../text.js";
import { headline, joinParts, provenance, truncatedSeriesNote, withConditions } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { logLogConfig, type PlotLine, SERVICES_AXIS } from "./loglog.js";
import { seriesStyle } from "./theme.js";

interface CountsChart {
  readonly id: string;
  readonly title: string;
  readonly scenario: string;
  /** The model's by default. */
  readonly lane?: Cell["lane"];
  /** The drawn number of a cell; null where it has none. */
  readonly value: (counts: Readonly<Record<string, number>>) => number | null;
  readonly format: (value: number) => string;
  /** A dashed line below or above, for planes that count it. */
  readonly second?: {
    readonly name: string;
    readonly value: CountsChart["value"];
    /** Said in the caption where such a line is drawn. */
    readonly note: string;
  };
  readonly findings: readonly string[];
  readonly neutralTitle: string;
  readonly subtitle: string;
  /** Said in the caption. */
  readonly note?: string;
}

/** A chart of exact counts; cells whose count is null or zero are left out. */
export function countsChart(chart: CountsChart): Chart {
  const { id, title, scenario, value, format, second, lane = "model" } = chart;
  return {
    id,
    title,
    build(results, view) {
      const measure = { lane, scenario } as const;
      const countOf = ({ counts }: Cell) => (counts === null ? null : value(counts));
      const cells = cellsOf(results, measure).filter((cell) => (countOf(cell) ?? 0) > 0);
      if (cells.length === 0) return { skipped: `no ${lane} ${scenario} was counted` };
      const series = seriesOf(results, cells);
      const lineOf = ({ plane, points }: Series, count: typeof countOf) => ({
        plane,
        ends: stockEnds(results, plane),
        points: points.map(({ n }) => ({
          x: n,
          y: count(findCell(cells, { plane, services: n })!),
        })),
      });
      const seconds = series.flatMap((line) => {
        if (second === undefined) return [];
        const drawn = lineOf(line, ({ counts }) => counts && second.value(counts));
        const label = `${shortLabel(results, line.plane)}, ${second.name}`;
        return drawn.points.some(({ y }) => y === null) ? [] : [{ ...drawn, label, dashed: true }];
      });
      const lines: PlotLine[] = [...series.map((line) => lineOf(line, countOf)), ...seconds];
      const words = {
        title: headline(results, chart.findings) ?? chart.neutralTitle,
        subtitle: `${withConditions(chart.subtitle, measure, results)} · log–log scale · lower is better`,
        caption: joinParts([
          provenance(results, measure, []),
          truncatedSeriesNote(results, cells),
          chart.note,
          seconds.length > 0 && second?.note,
          stockNote(results, largestOf(series)),
        ]),
      };
      const described = lines.map(({ plane, label, points }) => {
        const ends = [...new Set([points[0]!, points.at(-1)!])];
        return `${label ?? seriesStyle(results, plane, "light").label}: ${ends.map(({ x, y }) => `${format(y!)} at N = ${formatCount(x)}`).join(", ")}`;
      });
      return {
        ...words,
        description: [words.title, ...described, words.caption].join(". "),
        config: logLogConfig(
          results,
          lines,
          words,
          view,
          {
            x: SERVICES_AXIS,
            range: logRange(lines.flatMap(({ points }) => points.map(({ y }) => y!))),
            label: format,
          },
          [],
        ),
      };
    },
  };
}

export const update: Chart = countsChart({
  id: "update",
  title: "Rules, chains and map entries written when one endpoint joins, log–log (model)",
  scenario: "update",
  value: (counts) => {
    const parts = ["rules", "chains", "map writes"].map((what) => counts[`join ${what}`]);
    return parts.every((part) => part !== undefined) ? parts.reduce((sum, part) => sum! + part!, 0)! : null;
  },
  format: formatCount,
  second: {
    name: "operations",
    value: (counts) => counts["join operations"] ?? null,
    note: "dashed: map operations that the agent issues, those that change nothing included",
  },
  findings: ["update"],
  neutralTitle: "What one new endpoint makes the control plane write",
  subtitle: "Rules and chains handed over, map entries that differ, for one endpoint that joins; exact",
});

export const memory: Chart = countsChart({
  id: "memory",
  title: "Memory of the program as the kernel would spend it, log–log (model)",
  scenario: "memory",
  value: (counts) => counts.bytes ?? null,
  format: formatDecimalBytes,
  findings: ["memory"],
  neutralTitle: "Memory by number of Kubernetes Services",
  subtitle: "Bytes that the kernel spends on rules, tables and maps",
});

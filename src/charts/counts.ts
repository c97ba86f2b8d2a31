/** Exact counts against the number of services: what updates write, and what programs hold. */

import { cellsOf, seriesOf } from "../analysis/series.js";
import { stockEnds, stockNote } from "../analysis/stock-maps.js";
import type { Cell } from "../results/schema.js";
import { formatCount, formatDecimalBytes } from "../text.js";
import { headline, joinParts, provenance, truncatedSeriesNote, withConditions } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { logLogConfig, SERVICES_AXIS } from "./loglog.js";
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
  readonly findings: readonly string[];
  readonly neutralTitle: string;
  readonly subtitle: string;
  /** Said in the caption. */
  readonly note?: string;
}

/** A chart of exact counts; cells whose count is null or zero are left out. */
export function countsChart(chart: CountsChart): Chart {
  const { id, title, scenario, value, format, lane = "model" } = chart;
  return {
    id,
    title,
    build(results, view) {
      const measure = { lane, scenario } as const;
      const countOf = ({ counts }: Cell) => (counts === null ? null : value(counts));
      const cells = cellsOf(results, measure).filter((cell) => (countOf(cell) ?? 0) > 0);
      if (cells.length === 0) return { skipped: `no ${lane} ${scenario} was counted` };
      const lines = seriesOf(results, cells).map(({ plane, points }) => ({
        plane,
        ends: stockEnds(results, plane),
        points: points.map(({ n }) => ({
          x: n,
          y: countOf(cells.find((cell) => cell.plane === plane && cell.services === n)!),
        })),
      }));
      const words = {
        title: headline(results, chart.findings) ?? chart.neutralTitle,
        subtitle: `${withConditions(chart.subtitle, measure, results)} · log–log scale · lower is better`,
        caption: joinParts([
          provenance(results, measure, []),
          truncatedSeriesNote(results, cells),
          chart.note,
          stockNote(
            results,
            cells.map(({ plane, services }) => ({ plane, largest: services })),
          ),
        ]),
      };
      const inWords = lines.map(({ plane, points }) => {
        const ends = [...new Set([points[0]!, points.at(-1)!])];
        return `${seriesStyle(results, plane, "light").label}: ${ends.map(({ x, y }) => `${format(y!)} at N = ${formatCount(x)}`).join(", ")}`;
      });
      return {
        ...words,
        description: [words.title, ...inWords, words.caption].join(". "),
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
  neutralTitle: "Memory by number of Kubernetes services",
  subtitle: "Bytes that the kernel spends on rules, tables and maps",
});

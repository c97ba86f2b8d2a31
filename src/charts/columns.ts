/** The article's chart: clustered columns over the measured N, eBPF left and iptables right, linear from zero. */

import { cellsOf, MODEL_LOOKUP, noiseFloorNs, seriesOf, servicesOf } from "../analysis/series.js";
import { enlargedNote } from "../analysis/stock-maps.js";
import type { Results } from "../results/schema.js";
import { formatCount, formatNs, nsFormatter } from "../text.js";
import { formatMeasure, headline, intervalKind, joinParts, provenance } from "./caption-text.js";
import type { Chart, View } from "./chart.js";
import { columnsConfig } from "./clustered.js";
import { SERVICES_AXIS } from "./loglog.js";
import type { ScalingChart } from "./scaling.js";
import { seriesStyle } from "./theme.js";

interface ColumnsChart
  extends Pick<ScalingChart, "id" | "title" | "measure" | "findings" | "neutralTitle" | "note"> {
  /**
   * In the published chart's colours, for a run of its kind: through a NodePort. Elsewhere a plane has one
   * colour in all charts.
   */
  readonly publishedColours?: boolean;
}

export const columns: Chart = columnsChart({
  id: "columns",
  title: "Time of one lookup for each measured number of Services, as clustered columns",
  measure: MODEL_LOOKUP,
  findings: ["iptables-factor", "iptables-slope", "iptables-growth"],
  neutralTitle: "Lookup latency by number of Kubernetes Services",
  publishedColours: true,
});

/** Clustered columns of one measure (another lane or scenario is another chart). */
export function columnsChart(chart: ColumnsChart): Chart {
  const { id, title, measure, findings, neutralTitle, note, publishedColours = false } = chart;
  return { id, title, build: (results, view) => build(results, view) };

  function build(results: Results, view: View): ReturnType<Chart["build"]> {
    const cells = cellsOf(results, measure);
    if (!cells.some((cell) => cell.estimate)) {
      return { skipped: `no ${measure.lane} ${measure.scenario} was measured` };
    }
    const series = seriesOf(results, cells).filter(({ points }) => points.some((point) => point.estimate));
    const services = servicesOf(series);
    const missing = cells.some((cell) => cell.estimate === null);
    const words = {
      title: headline(results, findings) ?? neutralTitle,
      subtitle: `${formatMeasure(measure, results)}, ${intervalKind(cells)} · linear scale · lower is better`,
      caption: joinParts([
        provenance(results, measure, cells),
        typeof note === "function" ? note(results, cells) : note,
        measure.lane === "model" && enlargedNote(results, cells),
        "spacing of the groups is not proportional to the number of Services",
        missing && "hollow circle: could not be measured",
      ]),
    };
    const rows = series.map(({ plane, points }) => {
      const byServices = new Map(points.map((point) => [point.n, point]));
      const style = seriesStyle(results, plane, view.theme);
      return {
        label: style.columnLabel,
        colour: publishedColours && results.run.entry === "nodePort" ? style.column : style.line,
        marks: services.map((n) => {
          const point = byServices.get(n);
          return (
            point && { value: point.estimate?.median ?? null, interval: point.estimate?.interval ?? null }
          );
        }),
      };
    });
    const described = rows.map(({ label, marks }) => {
      const said = marks.flatMap((mark, i) =>
        mark?.value == null ? [] : [`${formatNs(mark.value)} at N = ${formatCount(services[i]!)}`],
      );
      return `${label}: ${said.join(", ")}`;
    });
    return {
      ...words,
      description: [words.title, ...described, words.caption].join(". "),
      config: columnsConfig(
        {
          categories: services.map(formatCount),
          axis: SERVICES_AXIS,
          rows,
          format: formatNs,
          ticks: nsFormatter,
          floorNs: noiseFloorNs(cells),
        },
        words,
        view,
      ),
    };
  }
}

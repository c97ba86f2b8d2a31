/** The article's chart: clustered columns over the measured N, eBPF left and iptables right, linear from zero. */

import { formatCount, formatNs, nsFormatter } from "../format.js";
import { cellsOf, MODEL_LOOKUP, noiseFloorNs, seriesOf, servicesOf } from "../series.js";
import { seriesStyle } from "../theme.js";
import { headline, intervalWords, measureWords, provenance } from "../words.js";
import type { Chart } from "./chart.js";
import { columnsConfig } from "./clustered.js";
import { SERVICES_AXIS } from "./loglog.js";

export const columns: Chart = {
  id: "columns",
  title: "Time of one lookup for each measured number of services, as clustered columns",
  build(results, view) {
    const cells = cellsOf(results, MODEL_LOOKUP);
    if (!cells.some((cell) => cell.estimate)) return { skipped: "no model lookup was measured" };
    const series = seriesOf(cells).filter(({ points }) => points.some((point) => point.estimate));
    const services = servicesOf(series);
    const missing = cells.some((cell) => cell.estimate === null);
    const words = {
      title:
        headline(results, ["iptables-factor", "iptables-slope"]) ??
        "Lookup latency by number of Kubernetes services",
      subtitle: `${measureWords(MODEL_LOOKUP, results)}, ${intervalWords(cells)} · linear scale · lower is better`,
      caption: [
        provenance(results, MODEL_LOOKUP, cells),
        "spacing of the groups is not proportional to the number of services",
        ...(missing ? ["hollow circle: could not be measured"] : []),
      ].join(" · "),
    };
    const rows = series.map(({ plane, points }) => {
      const byServices = new Map(points.map((point) => [point.n, point]));
      const style = seriesStyle(plane, view.theme);
      return {
        label: style.columnLabel,
        colour: style.column,
        marks: services.map((n) => {
          const point = byServices.get(n);
          return (
            point && { value: point.estimate?.median ?? null, interval: point.estimate?.interval ?? null }
          );
        }),
      };
    });
    const inWords = rows.map(({ label, marks }) => {
      const said = marks.flatMap((mark, i) =>
        mark?.value == null ? [] : [`${formatNs(mark.value)} at N = ${formatCount(services[i]!)}`],
      );
      return `${label}: ${said.join(", ")}`;
    });
    return {
      ...words,
      description: [words.title, ...inWords, words.caption].join(". "),
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
  },
};

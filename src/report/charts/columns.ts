/** The article's chart: clustered columns over the measured N, eBPF left and iptables right, linear from zero. */

import { formatCount, formatNs, nsFormatter } from "../format.js";
import { cellsOf, MODEL_LOOKUP, noiseFloorNs, type Point, seriesOf, servicesOf } from "../series.js";
import { chartFont, scaleOf, seriesStyle, THEMES } from "../theme.js";
import { headline, intervalWords, measureWords, provenance } from "../words.js";
import { axisOptions } from "./axes.js";
import type { Chart, Picture, View, Words } from "./chart.js";
import { columnMarks, legendGap } from "./columnmarks.js";
import { frame } from "./frame.js";
import { noiseFloorZone } from "./marks.js";

/** No labels at the right, only a margin like the left one. */
const RIGHT_MARGIN = 48;

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
    return clusteredColumns(words, view, {
      groups: services.map((n) => ({ label: formatCount(n), words: `N = ${formatCount(n)}` })),
      axis: "Number of Kubernetes services in cluster",
      rows: series.map(({ plane, points }) => {
        const byServices = new Map(points.map((point) => [point.n, point]));
        return { plane, points: services.map((n) => byServices.get(n)) };
      }),
      floorNs: noiseFloorNs(cells),
    });
  },
};

export interface Columns {
  /** What stands below each group of columns, and how the description names it. */
  readonly groups: readonly { readonly label: string; readonly words: string }[];
  readonly axis: string;
  /** A series a plane: a point a group, undefined where it has none. */
  readonly rows: readonly { readonly plane: string; readonly points: readonly (Point | undefined)[] }[];
  readonly floorNs: number | null;
}

/** Groups of columns of times, linear from zero, with whiskers, values and a legend on top. */
export function clusteredColumns(
  words: Words,
  view: View,
  { groups, axis, rows, floorNs }: Columns,
): Picture {
  const scale = scaleOf(view);
  const theme = THEMES[view.theme];
  const looks = rows.map(({ plane, points }) => ({ style: seriesStyle(plane, view.theme), points }));
  const highest = Math.max(
    ...looks.flatMap(({ points }) => points.map((point) => point?.estimate?.interval[1] ?? 0)),
  );
  const { plugin, layout } = frame(words, view, () => RIGHT_MARGIN * scale);
  const inWords = looks.map(({ style, points }) => {
    const said = points.flatMap((point, i) =>
      point?.estimate ? [`${formatNs(point.estimate.median)} at ${groups[i]!.words}`] : [],
    );
    return `${style.columnLabel}: ${said.join(", ")}`;
  });
  return {
    ...words,
    description: [words.title, ...inWords, words.caption].join(". "),
    config: {
      type: "bar",
      data: {
        labels: groups.map(({ label }) => label),
        datasets: looks.map(({ style, points }) => ({
          label: style.columnLabel,
          data: points.map((point) => point?.estimate?.median ?? null),
          backgroundColor: style.column,
          categoryPercentage: 0.8,
          barPercentage: 0.92,
          maxBarThickness: 130 * scale,
        })),
      },
      options: {
        layout: layout!,
        scales: {
          x: {
            ...axisOptions("x", view, (i) => groups[i]!.label, axis),
            grid: { display: false },
          },
          y: {
            ...axisOptions("y", view, nsFormatter(highest)),
            beginAtZero: true,
            // Few lines: the values stand on the columns.
            ticks: { ...axisOptions("y", view, nsFormatter(highest)).ticks, maxTicksLimit: 7 },
            suggestedMax: highest * 1.08,
          },
        },
        plugins: {
          legend: {
            position: "top",
            align: "start",
            labels: {
              color: theme.text,
              font: chartFont("label", scale),
              boxWidth: 26 * scale,
              boxHeight: 26 * scale,
              padding: 24 * scale,
            },
          },
          title: { display: false },
          tooltip: { enabled: false },
        },
      },
      plugins: [
        plugin,
        noiseFloorZone(floorNs, "", view),
        legendGap(36 * scale),
        columnMarks(
          looks.map(({ points }) => points),
          view,
        ),
      ],
    },
  };
}

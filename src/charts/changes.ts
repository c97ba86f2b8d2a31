/** Endpoints that change: how long writing a change takes, how many a second that allows, and lookups meanwhile. */

import { cellsOf, seriesOf } from "../analysis/series.js";
import type { Described } from "../results/descriptors.js";
import type { Cell } from "../results/schema.js";
import { ascending, selectCells } from "../results/select.js";
import { formatCount, formatNs } from "../text.js";
import { headline, intervalKind, joinParts, provenance, truncatedSeriesNote } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { intervalBands } from "./kit/marks.js";
import { logLogConfig, SERVICES_AXIS } from "./loglog.js";
import { scalingChart } from "./scaling.js";
import { seriesStyle } from "./theme.js";

const WRITING = "writing the model's rules, tables and maps: no system call, no netlink, no text to parse";

export const updateTime: Chart = scalingChart({
  id: "update-time",
  title: "Time to write one endpoint that joins or leaves, log–log (model)",
  measure: { lane: "model", scenario: "update", variants: ["change", "full"] },
  plain: "change",
  findings: ["update-time"],
  neutralTitle: "Writing one endpoint change",
  floor: false,
  note: `${WRITING} · iptables: partial sync, and dashed full sync; the blob is replaced in both`,
});

export const updateRollout: Chart = scalingChart({
  id: "update-rollout",
  title: "Time to write a rolling restart of 10 % of a Service's endpoints, log–log (model)",
  measure: { lane: "model", scenario: "update", variants: ["rollout"] },
  plain: "rollout",
  findings: ["update-rollout"],
  neutralTitle: "Writing a rolling restart of a tenth of a Service",
  floor: false,
  note: `${WRITING} · at least one endpoint is replaced; Cilium writes it endpoint by endpoint`,
});

export const churnLookups: Chart = scalingChart({
  id: "churn-lookups",
  title: "Time of one lookup while endpoints change, log–log (model)",
  measure: { lane: "model", scenario: "churn", variants: ["lookups"] },
  plain: "lookups",
  findings: ["churn-lookups"],
  neutralTitle: "Lookup latency while endpoints change",
  note: "before each batch of half a millisecond an endpoint joined and left",
});

const RATE = { lane: "model", scenario: "churn", variants: ["changes"] } as const;

/** Changes per second that a core absorbs if it does nothing else. */
export const churn: Chart = {
  id: "churn",
  title: "Endpoint changes per second that one core can write while lookups go on, log–log (model)",
  build(results, view) {
    const cells = cellsOf(results, RATE).filter((cell) => cell.estimate !== null);
    if (cells.length === 0) return { skipped: "no model churn was measured" };
    const series = seriesOf(results, cells);
    const words = {
      title: headline(results, ["churn"]) ?? "Endpoint changes per second by number of Services",
      subtitle: `Model: endpoint changes per second that one core can write, ${intervalKind(cells)} · log–log scale · higher is better`,
      caption: joinParts([
        provenance(results, RATE, []),
        `${WRITING}: an upper limit`,
        "one over the median time of a change, two changes after every 1,000 lookups",
        truncatedSeriesNote(results, cells),
      ]),
    };
    return {
      ...words,
      description: [
        words.title,
        ...series.map(({ plane }) => describeSeries(results, plane, cells)),
        words.caption,
      ].join(". "),
      config: logLogConfig(
        results,
        series.map(({ plane, points }) => ({
          plane,
          points: points.map(({ n, estimate }) => ({ x: n, y: 1e9 / estimate!.median })),
        })),
        words,
        view,
        {
          x: SERVICES_AXIS,
          range: logRange(cells.flatMap(({ estimate }) => estimate!.interval.map((ns) => 1e9 / ns))),
          label: (rate) => (rate < 1 ? String(rate) : formatCount(rate)),
        },
        [
          intervalBands(
            series.map(({ plane, points }) => ({
              colour: seriesStyle(results, plane, view.theme).line,
              runs: [
                points.map(({ n, estimate }) => ({
                  x: n,
                  low: 1e9 / estimate!.interval[1],
                  high: 1e9 / estimate!.interval[0],
                })),
              ],
            })),
            view,
          ),
        ],
      ),
    };
  },
};

function describeSeries(results: Described, plane: string, cells: readonly Cell[]): string {
  const own = ascending(selectCells(cells, { plane }));
  const ends = [...new Set([own[0]!, own.at(-1)!])];
  const said = ends.map(
    ({ services, estimate }) => `${formatNs(estimate!.median)} per change at N = ${formatCount(services)}`,
  );
  return `${seriesStyle(results, plane, "light").label}: ${said.join(", ")}`;
}

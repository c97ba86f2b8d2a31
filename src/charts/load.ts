/** CPU time for a stated rate of connections and changes: the arithmetic stands in the caption. */

import { CHANGES_PER_SECOND, CONNECTIONS_PER_SECOND, type Load, loadsOf } from "../analysis/load.js";
import { claimant, comparePlanes, type Described } from "../results/descriptors.js";
import { formatCount, formatNs } from "../text.js";
import { headline, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { intervalBands } from "./kit/marks.js";
import { logLogConfig, SERVICES_AXIS } from "./loglog.js";
import { seriesStyle } from "./theme.js";

export const load: Chart = {
  id: "load",
  title: "CPU time for 1,000 new connections and one endpoint change per second, log–log (model)",
  build(results, view) {
    const loads = loadsOf(results);
    if (loads.length === 0) {
      return {
        skipped: "it is computed from model connect and update at the same N, and both were not measured",
      };
    }
    const planes = [...new Set(loads.map(({ plane }) => plane))].sort(comparePlanes(results));
    const lines = planes.map((plane) => ({ plane, points: loads.filter((point) => point.plane === plane) }));
    const words = {
      title: headline(results, ["load"]) ?? "CPU time of connections and changes by number of Services",
      subtitle: `Model: CPU time per second for ${formatCount(CONNECTIONS_PER_SECOND)} new connections and ${CHANGES_PER_SECOND}\u00a0endpoint change · log–log scale · lower is better`,
      caption: [
        provenance(
          results,
          { lane: "model", scenario: "load" },
          loads.flatMap(({ connect, change }) => [connect, change]),
        ),
        arithmetic(
          results,
          loads.findLast(({ plane }) => plane === claimant(results, "list")) ?? loads.at(-1)!,
        ),
        "band: the ends of both cells' bands added, wider than an interval of the sum",
        "connections with their state; changes without system calls or netlink",
      ].join(" · "),
    };
    return {
      ...words,
      description: [
        words.title,
        ...lines.map(({ plane, points }) => describeSeries(results, plane, points)),
        words.caption,
      ].join(". "),
      config: logLogConfig(
        results,
        lines.map(({ plane, points }) => ({
          plane,
          points: points.map(({ services, ns }) => ({ x: services, y: ns })),
        })),
        words,
        view,
        {
          x: SERVICES_AXIS,
          range: logRange(loads.flatMap(({ interval }) => interval)),
          label: (ns) => `${formatNs(ns)}/s`,
        },
        [
          intervalBands(
            lines.map(({ plane, points }) => ({
              colour: seriesStyle(results, plane, view.theme).line,
              runs: [
                points.map(({ services, interval }) => ({
                  x: services,
                  low: interval[0],
                  high: interval[1],
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

/** `1,000 × 1.2 µs (connect) + 1 × 90 ms (update) = 91 ms: iptables at N = 10,000`. */
function arithmetic(results: Described, { plane, services, ns, connect, change }: Load): string {
  return (
    `${formatCount(CONNECTIONS_PER_SECOND)} × ${formatNs(connect.estimate!.median)} (connect) + ` +
    `${CHANGES_PER_SECOND} × ${formatNs(change.estimate!.median)} (update) = ${formatNs(ns)}, ` +
    `as for ${seriesStyle(results, plane, "light").label} at N = ${formatCount(services)}`
  );
}

function describeSeries(results: Described, plane: string, points: readonly Load[]): string {
  const ends = [...new Set([points[0]!, points.at(-1)!])];
  return `${seriesStyle(results, plane, "light").label}: ${ends.map(({ ns, services }) => `${formatNs(ns)} at N = ${formatCount(services)}`).join(", ")}`;
}

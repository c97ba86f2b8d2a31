/** This run's lookups among published times: absolute, so that their distance is seen too. */

import { cellsOf, MODEL_LOOKUP, seriesOf } from "../analysis/series.js";
import { type Reference, referenceById } from "../reference/index.js";
import { maxOf } from "../stats/extent.js";
import { formatCount, formatNs } from "../text.js";
import { intervalKind, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { seriesBands } from "./kit/marks.js";
import { logLogConfig, type PlotLine, SERVICES_AXIS } from "./loglog.js";
import { seriesStyle } from "./theme.js";

const NS = { ns: 1, µs: 1e3, ms: 1e6 } as const;

/** Published latencies, with the text next to their lines, and the statistic that is drawn where there are several. */
const SOURCES = [
  { id: "cilium-1.6", label: "Cilium 1.6", statistic: undefined, timed: "whole HTTP requests" },
  { id: "kubernetes-nftables", label: "K8s blog p50", statistic: "p50", timed: "first round trips" },
  { id: "tigera", label: "Tigera", statistic: "mean", timed: "mean round trips of requests" },
  { id: "eks", label: "EKS", statistic: "median", timed: "connects" },
] as const;

export const published: Chart = {
  id: "published",
  title: "This run's lookups among published latencies against the number of Services, log–log",
  build(results, view) {
    const cells = cellsOf(results, MODEL_LOOKUP);
    if (!cells.some((cell) => cell.estimate)) return { skipped: "no model lookup was measured" };
    const series = seriesOf(results, cells);
    const planes = series.map(({ plane }) => plane);
    const theirs = SOURCES.map((source) => {
      const reference = referenceById(source.id)!;
      return { source, reference, lines: publishedLines(reference, source, planes) };
    }).filter(({ lines }) => lines.length > 0);
    if (theirs.length === 0) return { skipped: "no latencies are published for these planes" };
    const ours = series.map(({ plane, points }) => ({
      plane,
      points: points.map(({ n, estimate }) => ({
        x: n,
        y: estimate?.median ?? null,
        ...(estimate && { low: estimate.interval[0], high: estimate.interval[1] }),
      })),
    }));
    const lines: PlotLine[] = [...ours, ...theirs.flatMap((source) => source.lines)];
    const words = {
      title: "Published latencies are whole requests, these are lookups alone",
      subtitle: `Absolute times: filled, this run's median lookup, ${intervalKind(cells)}; hollow, published · log–log scale`,
      caption: [
        provenance(results, MODEL_LOOKUP, cells),
        ...(cells.some((cell) => cell.estimate === null)
          ? ["hollow on the axis: could not be measured"]
          : []),
        ...theirs.map(({ source, reference }) => formatSourceLine(source, reference)),
      ].join(" · "),
    };
    const described = lines.map(({ plane, label, points }) => {
      const said = points.flatMap(({ x, y }) =>
        y === null ? [] : [`${formatNs(y)} at N = ${formatCount(x)}`],
      );
      return `${seriesStyle(results, plane, "light").label}, ${label ?? "this run"}: ${said.join(", ")}`;
    });
    const values = lines.flatMap(({ points }) =>
      points.flatMap(({ y, low, high }) => [y ?? 0, low ?? 0, high ?? 0]),
    );
    return {
      ...words,
      description: [words.title, ...described, words.caption].join(". "),
      config: logLogConfig(
        results,
        lines,
        words,
        view,
        { x: SERVICES_AXIS, range: logRange(values), label: formatNs },
        [seriesBands(results, series, view)],
      ),
    };
  },
};

type PublishedSource = (typeof SOURCES)[number];

/** A source's lines of the measured planes in nanoseconds; the one with the highest end bears its name. */
function publishedLines(
  reference: Reference,
  source: PublishedSource,
  planes: readonly string[],
): PlotLine[] {
  const factor = NS[reference.unit as keyof typeof NS];
  const shown = reference.series.filter(
    ({ plane, statistic }) => planes.includes(plane) && statistic === source.statistic,
  );
  const highest = maxOf(shown.map(({ points }) => points.at(-1)!.value));
  return shown.map(({ plane, points }) => ({
    plane,
    label: source.label,
    published: true,
    unnamed: points.at(-1)!.value !== highest,
    points: points.map(({ services, value }) => ({
      x: services,
      y: value * factor,
      ...(reference.error !== null && {
        low: (value - reference.error) * factor,
        high: (value + reference.error) * factor,
      }),
    })),
  }));
}

/** `Cilium 1.6: whole HTTP requests, ±2.5 µs (cilium.io, 2019)`. */
function formatSourceLine({ label, timed }: PublishedSource, { url, date, error, unit }: Reference): string {
  const precision = error === null ? "" : `, ±${error} ${unit}`;
  const where = [new URL(url).hostname.replace(/^www\./, ""), ...(date ? [date.slice(0, 4)] : [])];
  return `${label}: ${timed}${precision} (${where.join(", ")})`;
}

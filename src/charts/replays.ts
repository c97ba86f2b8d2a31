/** Published charts drawn again from their published numbers, to compare with a run that measured the same N. */

import { cellsOf, MODEL_LOOKUP } from "../analysis/series.js";
import { type Reference, referenceById } from "../reference/index.js";
import { comparePlanes, type Described } from "../results/descriptors.js";
import type { Results } from "../results/schema.js";
import { formatCount, plainText } from "../text.js";
import { resultsHash } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { type ColumnRow, columnsConfig } from "./clustered.js";
import { SERVICES_AXIS } from "./loglog.js";
import { seriesStyle, type ThemeName } from "./theme.js";

interface Replay {
  readonly id: string;
  readonly title: string;
  readonly reference: string;
  readonly heading: string;
  readonly subtitle: string;
  readonly categories: readonly string[];
  readonly axis: string;
  readonly rows: (reference: Reference, theme: ThemeName, results: Described) => ColumnRow[];
  readonly format: (value: number) => string;
  readonly range: { readonly max: number; readonly step: number };
  /** What a reader must know before comparing it with a run. */
  readonly note: string;
}

function replayChart(replay: Replay): Chart {
  const { id, title, heading, subtitle, categories, axis, format, range, note } = replay;
  return {
    id,
    title,
    build(results, view) {
      const reference = referenceById(replay.reference)!;
      const services = [
        ...new Set(reference.series.flatMap(({ points }) => points.map((point) => point.services))),
      ];
      const lacking = services.filter((n) => !measured(results).has(n));
      if (lacking.length > 0) {
        return {
          skipped: `drawn only for runs of its own N; this one lacks ${lacking.map(formatCount).join(", ")}`,
        };
      }
      const rows = replay.rows(reference, view.theme, results);
      const words = {
        title: heading,
        subtitle,
        caption: [
          "Not measured by lbscale",
          `${plainText(reference.title, 80)}, ${reference.date}`,
          reference.url.replace("https://", ""),
          `read from the published chart, ±${reference.error} ${reference.unit}`,
          note,
          `drawn with results ${resultsHash(results)}`,
        ].join(" · "),
      };
      const described = rows.map(
        ({ label, marks }) =>
          `${label}: ${marks.map((mark, i) => `${format(mark!.value!)} at ${categories[i]!}`).join(", ")}`,
      );
      return {
        ...words,
        description: [words.title, ...described, words.caption].join(". "),
        config: columnsConfig(
          {
            categories,
            axis,
            rows,
            format,
            range,
            ticks: () => (value) => (value === 0 ? "0" : format(value)),
          },
          words,
          view,
        ),
      };
    },
  };
}

/** Every N at which the run timed lookups. */
function measured(results: Results): Set<number> {
  return new Set(
    cellsOf(results, MODEL_LOOKUP)
      .filter((cell) => cell.estimate !== null)
      .map((cell) => cell.services),
  );
}

export const publishedColumns: Chart = replayChart({
  id: "published-columns",
  title: "The article's chart from its published numbers, with their source",
  reference: "cilium-1.6",
  heading: "Published: HTTP request latency via k8s service",
  subtitle:
    "Time of one HTTP GET through a NodePort, as Cilium published it · linear scale · lower is better",
  categories: [1, 100, 1000, 2000, 2768].map(formatCount),
  axis: SERVICES_AXIS,
  rows: ({ series }, theme, results) =>
    series.map(({ plane, label, points }) => ({
      label,
      colour: seriesStyle(results, plane, theme).column,
      marks: points.map(({ value }) => ({ value, interval: null })),
    })),
  format: (us) => `${formatCount(us)} µs`,
  range: { max: 600, step: 100 },
  note: "whole requests; keepalive, hardware and position of the Service are not stated",
});

const BLOG_PERCENTILES = ["p01", "p50", "p90", "p99"];
const BLOG_SERVICES = [5000, 10_000, 30_000];

export const publishedPercentiles: Chart = replayChart({
  id: "published-percentiles",
  title: "The Kubernetes blog's percentiles from its published numbers, with their source",
  reference: "kubernetes-nftables",
  heading: "Published: first packets through iptables and nftables",
  subtitle:
    "Round trip time of a first packet, as the Kubernetes blog published it · linear scale · lower is better",
  categories: BLOG_PERCENTILES,
  axis: "Percentile of the round trip time",
  rows: ({ series }, theme, results) =>
    [...new Set(series.map(({ plane }) => plane))].sort(comparePlanes(results)).flatMap((plane) =>
      BLOG_SERVICES.map((n, i) => ({
        label: `${plane}, ${n / 1000}k`,
        colour: shade(seriesStyle(results, plane, theme).line, i),
        marks: BLOG_PERCENTILES.map((statistic) => ({
          value: series
            .find((line) => line.plane === plane && line.statistic === statistic)!
            .points.find(({ services }) => services === n)!.value,
          interval: null,
        })),
      })),
    ),
  format: (ms) => `${Number(ms.toPrecision(3))} ms`,
  range: { max: 0.8, step: 0.2 },
  note: "tool, hardware and endpoints of a Service are not stated",
});

/** Three strengths of one colour, the largest N the strongest: `#rrggbb` with an alpha behind it. */
function shade(colour: string, step: number): string {
  return `${colour}${["73", "B3", "FF"][step]!}`;
}

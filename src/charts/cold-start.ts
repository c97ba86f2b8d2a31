/** What a map of each Service costs a node that starts: against N, and against how many Services share a transaction. */

import { type Series, seriesLabel, seriesOf, servicesOf } from "../analysis/series.js";
import { NFTABLES_MAPS } from "../reference/index.js";
import { comparePlanes } from "../results/descriptors.js";
import { selectCells } from "../results/select.js";
import { maxOf } from "../stats/extent.js";
import { formatCount, formatNs, nsFormatter } from "../text.js";
import { formatMeasure, headline, intervalKind, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { columnsConfig } from "./clustered.js";
import { logRange } from "./kit/axes.js";
import { seriesBands } from "./kit/marks.js";
import { logLogConfig, type PlotLine, SERVICES_AXIS } from "./loglog.js";
import { seriesStyle } from "./theme.js";

const MEASURE = { lane: "kernel", scenario: "cold-start" } as const;
const SKIPPED = "no kernel cold-start was measured";
const TITLE = "Loading a new node's nftables rules";
const CAUSE =
  "rules as kube-proxy of the layout's version writes them, loaded by nft: the kernel walks its list of sets for every map";

export const kernelColdStart: Chart = {
  id: "kernel-cold-start",
  title: "Time to load a new node's nftables rules, at once and in stages, log–log",
  build(results, view) {
    const cells = selectCells(results, MEASURE);
    if (!cells.some(({ estimate }) => estimate)) return { skipped: SKIPPED };
    const series = drawn(seriesOf(results, cells));
    const lines: PlotLine[] = [
      ...series.map(
        ({ plane, variant, points }): PlotLine => ({
          plane,
          label: layoutOf(seriesLabel(results, { plane, variant })),
          dashed: variant !== "",
          points: points.map(({ n, estimate }) => ({
            x: n,
            y: estimate?.median ?? null,
            ...(estimate && { low: estimate.interval[0], high: estimate.interval[1] }),
          })),
        }),
      ),
      ...publishedLines(series[0]!.plane),
    ];
    const words = {
      title: headline(results, ["kernel-cold-start"]) ?? TITLE,
      subtitle: `${formatMeasure(MEASURE, results)}, ${intervalKind(cells)} · log–log scale · lower is better`,
      caption: [
        provenance(results, MEASURE, cells),
        `dashed: in stages · ${CAUSE}`,
        `single points: published, ${NFTABLES_MAPS.timed} (${new URL(NFTABLES_MAPS.url).hostname})`,
        ...(cells.some(({ estimate }) => estimate === null) ? ["hollow circle: could not be measured"] : []),
      ].join(" · "),
    };
    const described = lines.map(({ label, points }) => {
      const said = points.flatMap(({ x, y }) =>
        y === null ? [] : [`${formatNs(y)} at N = ${formatCount(x)}`],
      );
      return `${label}: ${said.join(", ")}`;
    });
    const values = lines.flatMap(({ points }) =>
      points.flatMap(({ y, low, high }) =>
        [y, low, high].filter((value) => value !== null && value !== undefined),
      ),
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

/** `layout of 1.35, 250 a transaction`: all are of one plane, for whose name a line's end has no room. */
const layoutOf = (label: string): string => label.replace(/^[^,]*, (?=layout of )/, "");

/** All at once, and the smallest stages: what is between lies between them, in the table and in the other chart. */
function drawn(series: readonly Series[]): Series[] {
  const smallest = Math.min(...series.map(({ variant }) => sizeOf(variant, Number.POSITIVE_INFINITY)));
  return series.filter(
    ({ variant }) => variant === "" || sizeOf(variant, Number.POSITIVE_INFINITY) === smallest,
  );
}

/** A point each, as published, in the colour of the measured rules. */
function publishedLines(plane: string): PlotLine[] {
  return NFTABLES_MAPS.series.map(({ label, points }) => ({
    plane,
    label: `published, ${label}`,
    published: true,
    points: points.map(({ services, value }) => ({ x: services, y: value * 1e9 })),
  }));
}

export const kernelColdStartStages: Chart = {
  id: "kernel-cold-start-stages",
  title: "Time to load a new node's nftables rules by size of a transaction, as clustered columns",
  build(results, view) {
    const cells = selectCells(results, MEASURE);
    const services = maxOf(
      cells.flatMap((cell) => (cell.estimate && cell.variant !== "" ? [cell.services] : [])),
    );
    const series = seriesOf(results, selectCells(cells, { services }));
    if (servicesOf(series).length === 0) return { skipped: "no kernel cold-start in stages was measured" };
    const variants = [...new Set(series.map(({ variant }) => variant))].sort(
      (a, b) => sizeOf(b, services) - sizeOf(a, services),
    );
    const planes = [...new Set(series.map(({ plane }) => plane))].sort(comparePlanes(results));
    const rows = planes.map((plane) => {
      const style = seriesStyle(results, plane, view.theme);
      return {
        label: style.columnLabel,
        colour: style.line,
        marks: variants.map((variant) => {
          const found = series.find((line) => line.plane === plane && line.variant === variant);
          const estimate = found?.points[0]?.estimate;
          return estimate ? { value: estimate.median, interval: estimate.interval } : undefined;
        }),
      };
    });
    const categories = variants.map((variant) => (variant === "" ? "all at once" : variant));
    const words = {
      title: `Loading ${formatCount(services)} Services onto a new node, by size of a transaction`,
      subtitle: `${formatMeasure(MEASURE, results)}, ${intervalKind(cells)} · linear scale · lower is better`,
      caption: [provenance(results, MEASURE, cells), CAUSE].join(" · "),
    };
    const described = rows.map(
      ({ label, marks }) =>
        `${label}: ${marks.map((mark, i) => `${categories[i]} ${mark ? formatNs(mark.value) : "not measured"}`).join(", ")}`,
    );
    return {
      ...words,
      description: [words.title, ...described, words.caption].join(". "),
      config: columnsConfig(
        { categories, axis: "Services in a transaction", rows, format: formatNs, ticks: nsFormatter },
        words,
        view,
      ),
    };
  },
};

/** Services of a transaction, as the variant's name begins with. */
function sizeOf(variant: string, services: number): number {
  return variant === "" ? services : Number.parseInt(variant.replaceAll(",", ""), 10);
}

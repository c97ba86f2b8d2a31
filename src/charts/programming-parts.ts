/** Why a change takes as long as it does: reading the rules back, writing them, and the rest, for each program. */

import type { ChartConfiguration } from "chart.js";
import { cellsOf } from "../analysis/series.js";
import { comparePlanes, planeLabel } from "../results/descriptors.js";
import type { Cell, Results } from "../results/schema.js";
import { findCell, selectCells } from "../results/select.js";
import { formatCount, formatNs, nsFormatter } from "../text.js";
import { joinParts, provenance } from "./caption-text.js";
import type { Chart, View, Words } from "./chart.js";
import { axisOptions, linearRange } from "./kit/axes.js";
import { legendAbove, legendGap } from "./kit/column-marks.js";
import { frame } from "./kit/frame.js";
import { scaleOf, type ThemeName } from "./theme.js";

/** Part of writing, drawn on its own where a run has it. */
const IN_KERNEL = "writing, in the kernel";
/** From the bottom of a column upwards. */
const PARTS = [
  { variant: "listing", label: "reading rules back", colour: 0 },
  { variant: "writing", label: "writing rules or maps", colour: 1 },
  { variant: "rest", label: "the program itself", colour: 3 },
] as const;
/** Of Okabe and Ito's set: distinguishable to everybody, and no plane's. The third is a darker shade of the second. */
const COLOURS: Readonly<Record<ThemeName, readonly string[]>> = {
  light: ["#0072B2", "#E69F00", "#9A6700", "#8C8C8C"],
  dark: ["#56B4E9", "#F0B93A", "#B07F1C", "#7A838D"],
};
const RIGHT_MARGIN = 48;

export const kernelProgrammingParts: Chart = {
  id: "kernel-programming-parts",
  title: "What programs spend the time of one endpoint change on, stacked",
  build(results, view) {
    const cells = cellsOf(results, {
      lane: "kernel",
      scenario: "programming",
      variants: PARTS.map(({ variant }) => variant),
    }).filter(({ estimate }) => estimate !== null);
    const services = mostCompared(cells);
    if (services === null) return { skipped: "no program's changes were measured" };
    const planes = [...new Set(selectCells(cells, { services }).map(({ plane }) => plane))].sort(
      comparePlanes(results),
    );
    const medians = (among: readonly Cell[], variant: string): number[] =>
      planes.map((plane) => findCell(among, { plane, variant, services })?.estimate?.median ?? 0);
    const inKernel = medians(
      cellsOf(results, { lane: "kernel", scenario: "programming", variants: [IN_KERNEL] }),
      IN_KERNEL,
    );
    const isSplit = inKernel.some((ns) => ns > 0);
    const rows = PARTS.flatMap(({ variant, label, colour }) => {
      const values = medians(cells, variant);
      if (variant !== "writing" || !isSplit) return [{ label, colour, values }];
      return [
        { label, colour, values: values.map((ns, i) => Math.max(0, ns - inKernel[i]!)) },
        { label: "writing, in the kernel", colour: 2, values: inKernel },
      ];
    });
    const words = {
      title: `Where one change's time goes at ${formatCount(services)} Services`,
      subtitle: "Medians of each part of a sync · linear scale · lower is better",
      caption: joinParts([
        provenance(results, { lane: "kernel", scenario: "programming" }, cells),
        "times of the tools that kube-proxy runs; what it reads over netlink (1.37) is its own · of Cilium, time in operations on maps; the wait for more changes is its own",
        isSplit && "in the kernel: system time of the tools that write",
      ]),
    };
    const described = planes.map(
      (plane, i) =>
        `${planeLabel(results, plane)}: ${rows.map(({ label, values }) => `${label} ${formatNs(values[i]!)}`).join(", ")}`,
    );
    return {
      ...words,
      description: [words.title, ...described, words.caption].join(". "),
      config: stackedConfig(results, planes, rows, words, view),
    };
  },
};

/** The N that most programs were measured at, the largest of these. */
function mostCompared(cells: readonly Cell[]): number | null {
  const counts = new Map<number, number>();
  for (const { services } of cells) counts.set(services, (counts.get(services) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const found = [...counts].filter(([, count]) => count === most).map(([services]) => services);
  return most === 0 ? null : Math.max(...found);
}

function stackedConfig(
  results: Results,
  planes: readonly string[],
  rows: readonly { readonly label: string; readonly colour: number; readonly values: readonly number[] }[],
  words: Words,
  view: View,
): ChartConfiguration {
  const scale = scaleOf(view);
  const highest = Math.max(...planes.map((_, i) => rows.reduce((sum, { values }) => sum + values[i]!, 0)));
  const range = linearRange(highest);
  const { plugin, layout } = frame(words, view, () => RIGHT_MARGIN * scale);
  const labels = planes.map((plane) => planeLabel(results, plane));
  const x = axisOptions("x", view, (i) => labels[i]!, "program, version and mode");
  const y = axisOptions("y", view, nsFormatter(range.max));
  return {
    type: "bar",
    data: {
      labels,
      datasets: rows.map(({ label, colour, values }) => ({
        label,
        data: [...values],
        backgroundColor: COLOURS[view.theme][colour]!,
        maxBarThickness: 160 * scale,
      })),
    },
    options: {
      layout: layout!,
      scales: {
        x: {
          ...x,
          stacked: true,
          grid: { display: false },
          ticks: { ...x.ticks, callback: (i: string | number) => twoLines(labels[Number(i)]!) },
        },
        y: { ...y, stacked: true, max: range.max, ticks: { ...y.ticks, stepSize: range.step } },
      },
      plugins: {
        legend: legendAbove(view),
        title: { display: false },
        tooltip: { enabled: false },
      },
    },
    plugins: [plugin, legendGap(36 * scale)],
  };
}

/** A label in two lines, broken behind its version: side by side whole ones have no room. */
function twoLines(label: string): string[] {
  const [, program, mode] = /^(\D{1,30}\d+\.\d+) (.+)$/.exec(label) ?? [];
  return program === undefined ? [label] : [program, mode!];
}

/** The model's times and the kernel's own: what the model claims, the kernel must confirm. */

import { cellsOf, type Measure, type Series, seriesOf } from "../analysis/series.js";
import type { Described } from "../results/descriptors.js";
import type { Cell, Results } from "../results/schema.js";
import { formatCount, formatNs } from "../text.js";
import { headline, intervalKind, provenance } from "./caption-text.js";
import type { Chart } from "./chart.js";
import { logRange } from "./kit/axes.js";
import { seriesBands } from "./kit/marks.js";
import { logLogConfig, SERVICES_AXIS } from "./loglog.js";
import { seriesStyle } from "./theme.js";

/** What the kernel lane may have timed, most telling first: connecting is what it is for. */
const SCENARIOS = ["connect", "lookup"] as const;

export const modelVersusKernel: Chart = {
  id: "model-versus-kernel",
  title: "The kernel's and the model's time against the number of Services, log–log",
  build(results, view) {
    const kernel = firstMeasured(results, "kernel", SCENARIOS);
    if (kernel === null) return { skipped: "nothing was measured in the kernel lane" };
    const model = firstMeasured(results, "model", [
      kernel.measure.scenario,
      ...SCENARIOS.filter((scenario) => scenario !== kernel.measure.scenario),
    ]);
    if (model === null) return { skipped: "the model lane measured nothing to compare the kernel with" };
    const lanes = [
      { ...kernel, series: seriesOf(results, kernel.cells), name: "kernel" },
      { ...model, series: seriesOf(results, model.cells), name: "model" },
    ] as const;
    const inKernel = new Set(lanes[0].series.map(({ plane }) => plane));
    const lines = lanes.flatMap(({ series, name }) =>
      series.map(({ plane, points }) => ({
        plane,
        dashed: name === "model",
        // Its colour and marker say which plane it is, where the kernel has a line of it; in slides and tables its name does.
        ...(name === "model" &&
          inKernel.has(plane) && {
            unnamed: true,
            label: `${seriesStyle(results, plane, view.theme).label}, model`,
          }),
        points: points.map(({ n, estimate }) => ({
          x: n,
          y: estimate?.median ?? null,
          ...(estimate && { low: estimate.interval[0], high: estimate.interval[1] }),
        })),
      })),
    );
    const said = { connect: "connecting", lookup: "one lookup" } as const;
    const words = {
      title: headline(results, ["model-versus-kernel"]) ?? "The model's times compared with the kernel's",
      subtitle: `Solid: ${said[kernel.measure.scenario]} through the kernel; dashed: ${said[model.measure.scenario]} in the model · median, ${intervalKind([...kernel.cells, ...model.cells])} · log–log scale`,
      caption: [
        provenance(results, kernel.measure, kernel.cells),
        "the kernel's times hold the network too, which flattens their rise on this axis",
      ].join(" · "),
    };
    const values = lines.flatMap(({ points }) =>
      points.flatMap(({ low, high }) => (low && high ? [low, high] : [])),
    );
    return {
      ...words,
      description: [
        words.title,
        ...lanes.flatMap(({ series, name }) => series.map((line) => describeSeries(results, line, name))),
        words.caption,
      ].join(". "),
      config: logLogConfig(
        results,
        lines,
        words,
        view,
        { x: SERVICES_AXIS, range: logRange(values), label: formatNs },
        [
          seriesBands(
            results,
            lanes.flatMap(({ series }) => series),
            view,
          ),
        ],
      ),
    };
  },
};

function firstMeasured(
  results: Results,
  lane: Cell["lane"],
  scenarios: readonly (typeof SCENARIOS)[number][],
): { measure: Measure & { scenario: (typeof SCENARIOS)[number] }; cells: Cell[] } | null {
  for (const scenario of scenarios) {
    const measure = { lane, scenario };
    const cells = cellsOf(results, measure);
    if (cells.some((cell) => cell.estimate)) return { measure, cells };
  }
  return null;
}

function describeSeries(results: Described, { plane, points }: Series, lane: string): string {
  const measured = points.flatMap(({ n, estimate }) =>
    estimate ? [`${formatNs(estimate.median)} at N = ${formatCount(n)}`] : [],
  );
  const ends = [...new Set([measured[0], measured.at(-1)])].filter((text) => text !== undefined);
  return `${seriesStyle(results, plane, "light").label} in the ${lane}: ${ends.join(", ") || "not measured"}`;
}

/** The charts of one run: all of ours, and one for each scenario that brings its own words. */

import { ownScenarios } from "../results/descriptors.js";
import type { Results } from "../results/schema.js";
import { plainText } from "../text.js";
import type { Chart } from "./chart.js";
import { CHARTS, KERNEL_CHARTS } from "./index.js";
import { scalingChart } from "./scaling.js";

const MAX_TITLE = 90;

/**
 * All charts that a run may fill. A scenario that stores words for a chart (`chart` of its report) gets one over its axis,
 * log-log, under its own id; it needs no file here.
 */
export function chartsOf(results: Results): readonly Chart[] {
  const known = new Set(CHARTS.map(({ id }) => id));
  const taken = new Set<string>();
  const own = ownScenarios(results).flatMap(([scenario, { unit, axis, chart }]) => {
    // It becomes a file's name.
    const name = plainText(scenario, 30).replace(/[^a-z0-9-]/g, "-");
    if (chart === undefined || unit !== "ns" || known.has(name)) return [];
    const id = freeId(name, (other) => known.has(other) || taken.has(other));
    taken.add(id);
    return [
      scalingChart({
        id,
        title: plainText(chart.title, MAX_TITLE),
        measure: { lane: "model", scenario, axis },
        findings: [scenario],
        neutralTitle: plainText(chart.neutralTitle, MAX_TITLE),
      }),
    ];
  });
  return [...inOrder(results), ...own];
}

/** An id that no other chart has: names of scenarios may differ in signs that no file's name has. */
function freeId(name: string, isTaken: (id: string) => boolean): string {
  let id = name;
  for (let i = 2; isTaken(id); i++) id = `${name}-${i}`;
  return id;
}

/** A run that measured a kernel leads with it. */
function inOrder({ cells }: Results): readonly Chart[] {
  if (!cells.some(({ lane }) => lane !== "model")) return CHARTS;
  return [...KERNEL_CHARTS, ...CHARTS.filter((chart) => !KERNEL_CHARTS.includes(chart))];
}

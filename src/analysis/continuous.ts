/** A run as benchmark services read it: one number per cell, with its interval. */

import { cellId } from "../results/cells.js";
import type { Results } from "../results/schema.js";
import { plainText } from "../text.js";

/** Names stay the same from run to run: services draw a line for each. */
function measurements({ cells }: Results) {
  return cells.flatMap((cell) =>
    cell.estimate
      ? [
          {
            name: `${plainText(cellId(cell), 200)} (${cell.lane})`,
            estimate: cell.estimate,
            replicates: cell.replicates,
          },
        ]
      : [],
  );
}

/**
 * `customSmallerIsBetter` of github-action-benchmark: an array of { name, unit, value, range, extra }
 * (https://github.com/benchmark-action/github-action-benchmark#using-other-tools-with-this-action).
 */
export function githubBenchmark(results: Results): string {
  const entries = measurements(results).map(({ name, estimate, replicates }) => ({
    name,
    unit: "ns",
    value: estimate.median,
    range: `± ${((estimate.interval[1] - estimate.interval[0]) / 2).toPrecision(3)}`,
    extra: `${estimate.kind === "ci95" ? "95 % interval" : "range"} ${estimate.interval.join(" to ")} ns\n${replicates.length} replicates\nseed ${results.run.seed}`,
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}

/**
 * Bencher Metric Format: { name: { latency: { value, lower_value, upper_value } } }
 * (https://bencher.dev/docs/reference/bencher-metric-format).
 */
export function bencherMetrics(results: Results): string {
  const entries = measurements(results).map(({ name, estimate }) => [
    name,
    {
      latency: {
        value: estimate.median,
        lower_value: estimate.interval[0],
        upper_value: estimate.interval[1],
      },
    },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

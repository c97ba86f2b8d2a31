import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { withSingles } from "../../test/support/results-lanes.js";
import { findFindings } from "../analysis/findings/index.js";
import { CHARTS } from "../charts/index.js";
import type { Cell, Results } from "../results/schema.js";
import { pageData } from "./html/data.js";
import { csvTable, markdownTable, tableRows } from "./tables/table.js";
import { allWarnings, qualityLines } from "./warnings.js";

/** Reads of a cell's fields while something is made of results with this many numbers of services. */
function readsOf(make: (results: Results) => unknown, services: number): number {
  const results = withSingles(
    fakeResults({ services: Array.from({ length: services }, (_, i) => i + 1), replicates: 3 }),
  );
  let reads = 0;
  const counted = results.cells.map(
    (cell) =>
      new Proxy(cell, {
        get(target, field) {
          reads++;
          return target[field as keyof Cell];
        },
      }),
  );
  make({ ...results, cells: counted });
  return reads;
}

const VIEW = { theme: "light", width: 1600, height: 900 } as const;
const MAKERS: readonly (readonly [string, (results: Results) => unknown])[] = [
  ["the page's data", pageData],
  ["the table", tableRows],
  ["the table in Markdown", markdownTable],
  ["the table as CSV", csvTable],
  ["warnings", allWarnings],
  ["precision and order", qualityLines],
  ["findings", findFindings],
  ...CHARTS.map((chart) => [`chart ${chart.id}`, (results: Results) => chart.build(results, VIEW)] as const),
];

describe("a run with twice as many numbers of services", () => {
  it.each(MAKERS)("takes %s at most 2.4 times the work", (_what, make) => {
    const reads = readsOf(make, 30);
    // Sorting grows by N log N.
    expect(readsOf(make, 60)).toBeLessThanOrEqual(2.4 * reads);
  });
});

/** What report.html holds of a run: all of its numbers but most samples, which are most of a results.json. */

import { resultsHash } from "../../charts/caption-text.js";
import type { Cell, Results } from "../../results/schema.js";
import { maxOf } from "../../stats/extent.js";
import { csvTable } from "../tables/table.js";

export interface PageData {
  readonly results: Results;
  /** Of the whole results.json: what captions state. */
  readonly resultsHash: string;
  /** The table of all measurements. */
  readonly csv: string;
}

/** The data of a run's page. */
export function pageData(results: Results): PageData {
  return {
    results: {
      ...results,
      cells: results.cells.map((cell) => (showsSamples(cell, results) ? cell : withoutSamples(cell))),
    },
    resultsHash: resultsHash(results),
    csv: csvTable(results),
  };
}

/** Charts show single samples of lookups at the largest N there are, and single lookups at the largest N that has them. */
function showsSamples(cell: Cell, { cells }: Results): boolean {
  if (cell.scenario !== "lookup") return false;
  const largest = (some: (other: Cell) => boolean) =>
    maxOf(
      cells
        .filter((other) => other.scenario === cell.scenario && other.lane === cell.lane && some(other))
        .map(({ services }) => services),
    );
  const hasSingles = ({ replicates }: Cell) => replicates.some(({ singles }) => singles !== null);
  return cell.services === largest(() => true) || cell.services === largest(hasSingles);
}

function withoutSamples(cell: Cell): Cell {
  const replicates = cell.replicates.map((replicate) => ({ ...replicate, samples: [], singles: null }));
  return { ...cell, replicates };
}

/** JSON as the text of a `<script>` element: `<` is escaped, so no name can end the element or open a comment. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

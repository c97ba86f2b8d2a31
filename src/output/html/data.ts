/** What report.html holds of a run: all of its numbers but most samples, which are most of a results.json. */

import { resultsHash } from "../../charts/caption-text.js";
import type { Cell, Results } from "../../results/schema.js";
import { selectCells } from "../../results/select.js";
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
  const isSampled = sampledCells(results);
  return {
    results: {
      ...results,
      cells: results.cells.map((cell) => (isSampled(cell) ? cell : withoutSamples(cell))),
    },
    resultsHash: resultsHash(results),
    csv: csvTable(results),
  };
}

/** Charts show single samples of lookups at the largest N there are, and single lookups at the largest N that has them. */
function sampledCells(results: Results): (cell: Cell) => boolean {
  const lookups = selectCells(results, { scenario: "lookup" });
  const largest = new Map<Cell["lane"], readonly number[]>();
  for (const lane of new Set(lookups.map((cell) => cell.lane))) {
    const own = selectCells(lookups, { lane });
    largest.set(
      lane,
      [own, own.filter(hasSingles)].map((some) => maxOf(some.map(({ services }) => services))),
    );
  }
  return ({ scenario, lane, services }) => scenario === "lookup" && largest.get(lane)!.includes(services);
}

const hasSingles = ({ replicates }: Cell) => replicates.some(({ singles }) => singles !== null);

function withoutSamples(cell: Cell): Cell {
  const replicates = cell.replicates.map((replicate) => ({ ...replicate, samples: [], singles: null }));
  return { ...cell, replicates };
}

/** JSON as the text of a `<script>` element: `<` is escaped, so no name can end the element or open a comment. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

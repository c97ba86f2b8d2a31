/** What report.html holds of a run: all of its numbers but single samples, which are most of a results.json. */

import type { Results } from "../../results/schema.js";
import { csvTable } from "../table.js";
import { resultsHash } from "../words.js";

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
      cells: results.cells.map((cell) => ({
        ...cell,
        replicates: cell.replicates.map((replicate) => ({ ...replicate, samples: [], singles: null })),
      })),
    },
    resultsHash: resultsHash(results),
    csv: csvTable(results),
  };
}

/** JSON as the text of a `<script>` element: `<` is escaped, so no name can end the element or open a comment. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** From replicates to everything that follows from them. */

import { REPLICATES_FOR_INTERVAL } from "../stats/bootstrap.js";
import { adjustForCovariate } from "../stats/covariate.js";
import { median } from "../stats/quantile.js";
import { estimateCell } from "./estimate.js";
import { crossoversOf, fitsOf } from "./laws.js";
import { percentilesOf } from "./percentiles.js";
import type { Cell, Results } from "./schema.js";
import { cellWarnings, countUnsteady, orderEffectOf, outliersOf } from "./validity.js";

/** Of a core, where the system does not tell. */
export const USUAL_L2 = 2 ** 20;

/** Fills in estimates, percentiles, validity, fits and crossovers of whatever was measured. Says the same when repeated. */
export function conclude(results: Results): void {
  const { cells, run } = results;
  const chases = cells.flatMap(({ replicates }) => replicates.map(({ chaseNs }) => chaseNs));
  const innerCaches = results.environment.caches.L2 ?? USUAL_L2;
  for (const cell of cells) concludeCell(cell, run, { chaseNs: median(chases), innerCaches });
  results.fits = fitsOf(cells, run.seed);
  results.crossovers = crossoversOf(cells, run.seed);
  results.orderEffect = orderEffectOf(results);
}

function concludeCell(
  cell: Cell,
  { seed, level }: Results["run"],
  typical: { readonly chaseNs: number; readonly innerCaches: number },
): void {
  const { replicates } = cell;
  // Decided before looking at the times: what fits a core's own caches does not depend on the neighbours' use of memory.
  const leavesCaches = (cell.programBytes ?? 0) > typical.innerCaches;
  cell.estimate = estimateCell(replicates, seed, level);
  cell.adjusted =
    replicates.length < REPLICATES_FOR_INTERVAL || !leavesCaches
      ? null
      : adjustForCovariate(
          replicates.map(({ samples, chaseNs }) => ({ samples, covariate: chaseNs })),
          typical.chaseNs,
          seed,
          level,
        );
  const { percentiles, reason } = percentilesOf(cell, seed);
  cell.percentiles = percentiles;
  cell.percentilesReason = reason;
  cell.outliers = outliersOf(cell);
  cell.unsteady = countUnsteady(cell);
  cell.warnings = [...new Set([...cell.warnings.filter(isFailure), ...cellWarnings(cell)])];
}

/** What a run noted itself; everything else is concluded anew. */
const isFailure = (warning: string): boolean => warning.startsWith("a replicate failed: ");

/** From replicates to everything that follows from them. */

import { REPLICATES_FOR_INTERVAL } from "../stats/bootstrap.js";
import { adjustForCovariate } from "../stats/covariate.js";
import { median } from "../stats/quantile.js";
import { exceedsL2 } from "./cells.js";
import { planeReport } from "./descriptors.js";
import { estimateCell } from "./estimate.js";
import { crossoversOf, fitsOf } from "./laws.js";
import { percentilesOf, relativeToBaselineOf } from "./percentiles.js";
import { outcomesOf, sentenceOf } from "./runs/outcomes.js";
import type { Cell, Results } from "./schema.js";
import { selectCells } from "./select.js";
import { cellWarnings, countUnsteady, orderEffectOf, outliersOf } from "./validity.js";

/**
 * Fills in estimates, percentiles, validity, fits and crossovers of whatever was measured. Says the same when repeated.
 *
 * @param results A run, such as one from which a program has taken replicates; it is changed.
 * @returns Nothing: what was concluded is in `results`, with times in nanoseconds.
 * @example
 * ```ts
 * import { readResults, summarize } from "lbscale/results";
 *
 * const results = readResults("results/default");
 * for (const cell of results.cells) cell.replicates = cell.replicates.slice(0, 7);
 * summarize(results);
 * console.log(results.cells[0]?.estimate?.interval);
 * ```
 */
export function summarize(results: Results): void {
  const { cells, run } = results;
  // Only next to a model's loop does a chase of pointers see the memory that the loop waits for.
  const models = selectCells(cells, { lane: "model" });
  const chases = models.flatMap(({ replicates }) => replicates.map(({ chaseNs }) => chaseNs));
  const chaseNs = median(chases);
  for (const cell of cells) {
    const depends = cell.lane === "model" && exceedsL2(cell, results.environment);
    concludeCell(cell, run, { chaseNs, depends });
  }
  compareWithBaselines(results);
  results.fits = fitsOf(cells, run.seed);
  results.crossovers = crossoversOf(cells, run.seed);
  results.orderEffect = orderEffectOf(results);
}

/** Connections by whether the endpoint is on the probe's node. */
const OF_ONE_PLACE = /\b(same|other) node$/;

/**
 * In a live cluster connections to Services and to endpoints are interleaved in each round. With several nodes only those of one
 * place are compared: Services and endpoints need not meet the same share of either, and a ratio would be of the shares. Runs
 * that were merged have no baselines: their cells keep what each run concluded.
 */
function compareWithBaselines(results: Results): void {
  const live = selectCells(results, { lane: "cluster" });
  const isBaseline = ({ plane }: Cell) => planeReport(results, plane).role === "baseline";
  const hasPlaces = live.some(({ variant }) => OF_ONE_PLACE.test(variant));
  for (const cell of live.filter((each) => !isBaseline(each))) {
    const { scenario, services, variant } = cell;
    const baseline = selectCells(live, { scenario, services, variant }).find(isBaseline);
    if (baseline === undefined) continue;
    delete cell.relativeToBaseline;
    if (hasPlaces && !OF_ONE_PLACE.test(variant)) continue;
    const times = relativeToBaselineOf(cell, baseline, results.run.seed);
    if (times) cell.relativeToBaseline = times;
  }
}

function concludeCell(
  cell: Cell,
  { seed, level }: Results["run"],
  memory: { readonly chaseNs: number; readonly depends: boolean },
): void {
  const { replicates } = cell;
  cell.estimate = estimateCell(replicates, seed, level);
  cell.adjusted =
    replicates.length < REPLICATES_FOR_INTERVAL || !memory.depends
      ? null
      : adjustForCovariate(
          replicates.map(({ samples, chaseNs }) => ({ samples, covariate: chaseNs })),
          memory.chaseNs,
          seed,
          level,
        );
  const { percentiles, reason } = percentilesOf(cell, seed);
  cell.percentiles = percentiles;
  cell.percentilesReason = reason;
  cell.outliers = outliersOf(cell);
  cell.unsteady = countUnsteady(cell);
  cell.warnings = [...new Set([...outcomesOf(cell).map(sentenceOf), ...cellWarnings(cell)])];
}

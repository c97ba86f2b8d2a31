/** Whether a result is to be trusted: warnings in words that say what to do, and tests over the whole run. */

import { countOutliers } from "../stats/outliers.js";
import { median } from "../stats/quantile.js";
import { changePoint, spearman } from "../stats/ranks.js";
import type { Cell, OrderEffect, Outliers, Results } from "./schema.js";

/** A change of level is spoken of when it is this improbable and this large. */
const CHANGE_P = 0.001;
const CHANGE_SHIFT = 0.05;
/** Fewer don't move a median of medians; their count is stored all the same. */
const UNSTEADY_SHARE = 1 / 3;
/** An order effect is warned of when it is this improbable. */
const ORDER_P = 0.001;
/** A neighbour is warned of when this share of the takes had to be measured again. */
const DISTURBED_SHARE = 0.1;
/** Bytes by which the heap may grow for each lookup: rounding of its size, not allocation. */
const MAX_HEAP_BYTES = 1;

/** Replicates whose level changed while they were timed. */
export function countUnsteady({ replicates }: Cell): number {
  return replicates.filter(({ samples }) => {
    if (samples.length < 2) return false;
    const { p, shift } = changePoint(samples);
    return p < CHANGE_P && Math.abs(Math.log(shift)) > Math.log(1 + CHANGE_SHIFT);
  }).length;
}

/** Samples beyond Tukey's fences of their replicate, summed over replicates. null without any. */
export function outliersOf({ replicates }: Cell): Outliers | null {
  if (replicates.length === 0) return null;
  const sum = { samples: 0, lowSevere: 0, lowMild: 0, highMild: 0, highSevere: 0 };
  for (const { samples } of replicates) {
    const counts = countOutliers(samples);
    sum.samples += samples.length;
    sum.lowSevere += counts.lowSevere;
    sum.lowMild += counts.lowMild;
    sum.highMild += counts.highMild;
    sum.highSevere += counts.highSevere;
  }
  return sum;
}

/** Warnings that rest on one cell. */
export function cellWarnings(cell: Cell): string[] {
  const { replicates, estimate, unsteady } = cell;
  const collected = replicates.filter((replicate) => replicate.collections > 0).length;
  const growing = replicates.filter((replicate) => replicate.heapBytesPerLookup > MAX_HEAP_BYTES).length;
  const floor = median(replicates.map((replicate) => replicate.floorNs));
  const of = (count: number) => `${count} of ${replicates.length} replicates`;
  return [
    collected > 0 &&
      `garbage was collected while ${of(collected)} were timed: their times may be too long; measure for a shorter time`,
    growing > 0 &&
      `${of(growing)} allocated while they were timed: a lookup that allocates does not model a kernel`,
    // In the kernel the baseline is a connection without a proxy, and most of every connection is that.
    cell.lane === "model" &&
      estimate !== null &&
      estimate.median < 2 * floor &&
      "less than twice the empty lookup: the loop itself is a large part of this time; compare with the timer overhead, not with zero",
    unsteady >= replicates.length * UNSTEADY_SHARE &&
      unsteady > 0 &&
      `not steady: the level changed by more than 5 % while a third of the replicates or more were timed; ${cell.lane === "model" ? "warm up longer, " : ""}stop other work, or measure where no neighbour shares the caches`,
  ].filter((warning) => warning !== false);
}

/**
 * Tests whether order mattered, over all replicates of cells with at least three, each above 0: a program may spend no
 * time at all on a part, and 0 has no logarithm. null below ten such replicates.
 */
export function orderEffectOf({ cells }: Pick<Results, "cells">): OrderEffect | null {
  const points = cells
    .filter(({ replicates }) => replicates.length >= 3 && replicates.every(({ median }) => median > 0))
    .flatMap(({ replicates }) => {
      const middle = median(replicates.map((replicate) => replicate.median));
      return replicates.map((replicate) => ({
        order: replicate.order,
        place: replicate.order - replicate.block * cells.length,
        residual: Math.log(replicate.median / middle),
      }));
    });
  if (points.length < 10) return null;
  const residuals = points.map(({ residual }) => residual);
  return {
    place: spearman(
      points.map(({ place }) => place),
      residuals,
    ),
    drift: spearman(
      points.map(({ order }) => order),
      residuals,
    ),
  };
}

/** Warnings that rest on the whole run. */
export function runWarnings({ orderEffect, environment, cells }: Results): string[] {
  const rho = (test: { rho: number }) => `Spearman's rho ${test.rho.toFixed(2)}, p < ${ORDER_P}`;
  const repeated = cells.reduce((sum, { disturbed }) => sum + disturbed.length, 0);
  const takes = repeated + cells.reduce((sum, { replicates }) => sum + replicates.length, 0);
  return [
    repeated > DISTURBED_SHARE * takes &&
      `another tenant of the machine used this core during ${repeated} of ${takes} measurements, which the empty loop shows: they were repeated, and are in no estimate; measure in a quieter hour, and more cells become precise`,
    orderEffect !== null &&
      orderEffect.drift.p < ORDER_P &&
      `the machine drifted while it measured (${rho(orderEffect.drift)}): interleaving the planes reduces drift in ratios and does not remove it: neighbours slow what waits for memory more than what does not; read ratios with their intervals, and don't compare times with another run's`,
    orderEffect !== null &&
      orderEffect.place.p < ORDER_P &&
      `the place within a block mattered (${rho(orderEffect.place)}): order is shuffled, so no plane gains, but measure again with another seed`,
    ...environment.unfit,
  ].filter((warning) => warning !== false);
}

/** How iptables grows, and how far behind it falls. */

import { cellId } from "../../results/cells.js";
import type { Finding, Fit, LocalExponent, Results } from "../../results/schema.js";
import { REPLICATES_FOR_INTERVAL } from "../../stats/bootstrap.js";
import { formatCount, formatNs } from "../../text.js";
import {
  digits,
  type Measured,
  planeLabel,
  ratioInterval,
  shortLabel,
  spreadsWidely,
  timesWords,
} from "./common.js";

/** Share of resamples that must agree on the law. */
const SUPPORT = 0.95;

/** At the largest N that iptables shares with another plane: how many times the slowest of the others it takes. */
export function iptablesFactor(cells: readonly Measured[]): Finding | null {
  const iptables = cells.filter((cell) => cell.plane === "iptables");
  const shared = iptables.filter((cell) =>
    cells.some((other) => other.plane !== "iptables" && other.services === cell.services),
  );
  const largest = shared.reduce<Measured | null>(
    (best, cell) => (best === null || cell.services > best.services ? cell : best),
    null,
  );
  if (!largest) return null;
  const rival = cells
    .filter((cell) => cell.plane !== "iptables" && cell.services === largest.services)
    .reduce((slowest, cell) => (cell.estimate.median > slowest.estimate.median ? cell : slowest));
  const value = largest.estimate.median / rival.estimate.median;
  const interval = ratioInterval(largest, rival);
  if (interval[0] <= 1) return null;
  const n = formatCount(largest.services);
  return {
    id: "iptables-factor",
    headline: `At ${n} Services iptables is ${digits(value)} times slower than ${shortLabel(rival.plane)}`,
    sentence:
      `At ${n} services an iptables lookup takes ${formatNs(largest.estimate.median)}, ` +
      `${timesWords(value, interval)} the ${formatNs(rival.estimate.median)} of ${planeLabel(rival.plane)}, the next slowest plane.`,
    cells: [cellId(largest), cellId(rival)],
    value,
    interval,
  };
}

function fitOf({ fits }: Results, wanted: Fit["quantity"]): Fit | undefined {
  return fits.find(
    ({ plane, lane, scenario, quantity }) =>
      plane === "iptables" && lane === "model" && scenario === "lookup" && quantity === wanted,
  );
}

/** Whether a law of time is determined, describes every cell, and nearly all resamples agree on it. */
export function isCertain({ determined, describes, support }: Fit): boolean {
  return determined && describes && support >= SUPPORT;
}

/** What each service adds to a lookup, by the fit of time: only where it is O(N) beyond doubt and describes every cell. */
export function iptablesSlope(cells: readonly Measured[], results: Results): Finding | null {
  const fit = fitOf(results, "time");
  if (!spreadsWidely(cells) || fit?.law !== "N" || !isCertain(fit) || !fit.slope) return null;
  const { value, interval } = fit.slope;
  if (!(interval[0] > 0)) return null;
  const largest = cells.at(-1)!;
  const perRule = largest.work
    ? `; at ${formatCount(largest.services)} services that is ${(largest.estimate.median / largest.work.rulesVisited).toFixed(1)} ns for each rule visited`
    : "";
  return {
    id: "iptables-slope",
    headline: `Every Service adds ${value.toFixed(1)} ns to an iptables lookup`,
    sentence: `Each service adds ${value.toFixed(2)} ns [${interval.map((end) => end.toFixed(2)).join(", ")}] to an iptables lookup on average${perRule}.`,
    cells: cells.map(cellId),
    value,
    interval: [interval[0], interval[1]],
  };
}

/**
 * Where no law describes the time: what is linear all the same, which is the rules visited, and what one of them costs in a
 * small and in a large cluster. Its step is where the list leaves a core's caches, and each machine has its own.
 */
export function iptablesGrowth(cells: readonly Measured[], results: Results): Finding | null {
  const steps = fitOf(results, "steps");
  const time = fitOf(results, "time");
  if (!spreadsWidely(cells) || steps?.law !== "N" || !steps.describes || !time) return null;
  if (time.law === "N" && isCertain(time)) return null;
  const large = cells.at(-1)!;
  // Below a tenth of that, the fixed cost of a lookup is a large part of what its few rules seem to take.
  const small = cells.findLast(({ services }) => services * 10 <= large.services)!;
  if (!small.work || !large.work || ratioInterval(large, small)[0] <= 1) return null;
  const [few, many] = [small.work.rulesVisited, large.work.rulesVisited];
  const [fewNs, manyNs] = [small.estimate.median / few, large.estimate.median / many];
  const value = manyNs / fewNs;
  const [low, high] = ratioInterval(large, small).map((ratio) => (ratio * few) / many) as [number, number];
  const costlier = time.determined && low > 1;
  const sentence =
    `An iptables lookup visits ${formatCount(Math.round(few))} rules at ${formatCount(small.services)} services and ` +
    `${formatCount(Math.round(many))} at ${formatCount(large.services)}, exactly O(N), at ${fewNs.toFixed(1)} and ${manyNs.toFixed(1)} ns a rule`;
  const why = `: it is linear in rules, and each rule is more expensive, ${timesWords(value, [low, high])}, once the list leaves the caches`;
  return {
    id: "iptables-growth",
    headline: costlier
      ? `iptables: linear in rules, each rule ${digits(value)} times more expensive`
      : "iptables lookups are linear in rules visited",
    sentence: `${sentence}${costlier ? why : ""}. ${growthWords(time, cells)}`.trimEnd(),
    cells: [cellId(small), cellId(large)],
    value,
    interval: [low, high],
  };
}

/**
 * How time grows where no law is certain: by its exponent over the last decade and its steepest stretch, or that it can't
 * be said. Empty for runs that stored neither.
 *
 * @param time the fit of time
 * @param cells those that it was fitted to
 */
export function growthWords({ determined, lastDecade, steepest }: Fit, cells: readonly Measured[]): string {
  if (!determined) {
    const fewest = Math.min(...cells.map(({ replicates }) => replicates.length));
    return `The law of its growth in time can't be determined with ${fewest} replicates a cell; it takes ${REPLICATES_FOR_INTERVAL}.`;
  }
  if (lastDecade === null) return "";
  const where =
    steepest && steepest.interval[0] > lastDecade.interval[1]
      ? `, most steeply from ${formatCount(steepest.from)} to ${formatCount(steepest.to)} (${powerWords(steepest)})`
      : "";
  return `From ${formatCount(lastDecade.from)} to ${formatCount(lastDecade.to)} services time grows as ${powerWords(lastDecade)}${where}.`;
}

/** `N^1.36 [1.35, 1.38]`. */
export function powerWords({ value, interval }: LocalExponent): string {
  const [low, high] = interval.map((end) => end.toFixed(2));
  return `N^${value.toFixed(2)} [${low}, ${high}]`;
}

/** How the rule list grows, and how far behind it falls. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Finding, Fit, Results } from "../../results/schema.js";
import { atServices, type MeasuredCell, selectCells } from "../../results/select.js";
import { REPLICATES_FOR_INTERVAL } from "../../stats/bootstrap.js";
import type { LocalExponent } from "../../stats/exponent.js";
import { minOf } from "../../stats/extent.js";
import { formatCount, formatNs } from "../../text.js";
import { flowCondition } from "../conditions.js";
import {
  formatFactor,
  headlineFactor,
  possessive,
  ratioInterval,
  rivalsOf,
  spreadsWidely,
} from "./common.js";

/** Share of resamples that must agree on the law. */
const SUPPORT = 0.95;

/**
 * At the largest N that the rule list shares with another plane: how many times the slowest of the others it takes. Null where
 * the run connected through both in the kernel, which says what the model only guesses.
 */
export function listFactor(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const list = claimant(results, "list");
  const name = planeLabel(results, list);
  const rivals = rivalsOf(results, list);
  const others = selectCells(cells, { plane: rivals });
  const shared = selectCells(cells, { plane: list }).filter(({ services }) => atServices(others, services));
  const largest = shared.reduce<MeasuredCell | null>(
    (best, cell) => (best === null || cell.services > best.services ? cell : best),
    null,
  );
  if (!largest) return null;
  const there = selectCells(others, { services: largest.services });
  const rival = there.reduce((slowest, cell) =>
    cell.estimate.median > slowest.estimate.median ? cell : slowest,
  );
  if ([list, rival.plane].every((plane) => isConnectedInKernel(results, plane))) return null;
  const value = largest.estimate.median / rival.estimate.median;
  const interval = ratioInterval(largest, rival);
  if (interval[0] <= 1) return null;
  const n = formatCount(largest.services);
  // Of a run that left some of its planes out there, the next slowest may be one of those.
  const isComplete = rivals.every((plane) => selectCells(there, { plane }).length > 0);
  const verb = flowCondition(results, [largest])?.verb;
  return {
    id: "iptables-factor",
    headline: `At ${n} Services ${name} ${verb === undefined ? "takes" : `${verb} in`} ${headlineFactor(value, interval)} ${possessive(shortLabel(results, rival.plane))} time`,
    sentence:
      `At ${n} Services ${article(name)} lookup takes ${formatNs(largest.estimate.median)}, ` +
      `${formatFactor(value, interval)} the ${formatNs(rival.estimate.median)} of ${planeLabel(results, rival.plane)}` +
      `${isComplete && there.length > 1 ? `, the next slowest of ${formatCount(there.length + 1)} planes` : ""}.`,
    cells: [cellId(largest), cellId(rival)],
    value,
    interval,
  };
}

function isConnectedInKernel(results: Results, plane: string): boolean {
  return selectCells(results, { lane: "kernel", scenario: "connect", plane }).some(
    ({ estimate }) => estimate !== null,
  );
}

/** The fit of a plane's lookups in the model. */
export function lookupFit({ fits }: Results, plane: string | undefined, wanted: Fit["quantity"]) {
  return fits.find(
    (fit) =>
      fit.plane === plane && fit.lane === "model" && fit.scenario === "lookup" && fit.quantity === wanted,
  );
}

/** Whether a law of time is determined, describes every cell, and nearly all resamples agree on it. */
export function isCertain({ determined, describes, support }: Fit): boolean {
  return determined && describes && support >= SUPPORT;
}

/** What each service adds to a lookup, by the fit of time: only where it is O(N) beyond doubt and describes every cell. */
export function listSlope(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const fit = lookupFit(results, cells[0]?.plane, "time");
  if (!spreadsWidely(cells) || fit?.law !== "N" || !isCertain(fit) || !fit.slope) return null;
  const { value, interval } = fit.slope;
  if (!(interval[0] > 0)) return null;
  const largest = cells.at(-1)!;
  const name = article(planeLabel(results, largest.plane));
  const perRule = largest.work
    ? `; at ${formatCount(largest.services)} Services that is ${(largest.estimate.median / largest.work.rulesVisited).toFixed(1)} ns for each rule visited`
    : "";
  return {
    id: "iptables-slope",
    headline: `Each Service adds ${value.toFixed(1)} ns to an average ${planeLabel(results, largest.plane)} lookup`,
    sentence: `Each Service adds ${value.toFixed(2)} ns [${interval.map((end) => end.toFixed(2)).join(", ")}] to ${name} lookup on average${perRule}.`,
    cells: cells.map(cellId),
    value,
    interval: [interval[0], interval[1]],
  };
}

/**
 * Where no law describes the time: what is linear all the same, which is the rules visited, and what one of them costs in a
 * small and in a large cluster. Its step is where the list leaves a core's caches, and each machine has its own.
 */
export function listGrowth(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const steps = lookupFit(results, cells[0]?.plane, "steps");
  const time = lookupFit(results, cells[0]?.plane, "time");
  if (!spreadsWidely(cells) || steps?.law !== "N" || !steps.describes || !time) return null;
  if (time.law === "N" && isCertain(time)) return null;
  const large = cells.at(-1)!;
  const name = planeLabel(results, large.plane);
  // Below a tenth of that, the fixed cost of a lookup is a large part of what its few rules seem to take.
  const small = cells.findLast(({ services }) => services * 10 <= large.services)!;
  if (!small.work || !large.work || ratioInterval(large, small)[0] <= 1) return null;
  const [few, many] = [small.work.rulesVisited, large.work.rulesVisited];
  const [fewNs, manyNs] = [small.estimate.median / few, large.estimate.median / many];
  const value = manyNs / fewNs;
  const [low, high] = ratioInterval(large, small).map((ratio) => (ratio * few) / many) as [number, number];
  const costlier = time.determined && low > 1;
  const sentence =
    `${capital(article(name))} lookup visits ${formatCount(Math.round(few))} rules at ${formatCount(small.services)} Services and ` +
    `${formatCount(Math.round(many))} at ${formatCount(large.services)}, exactly O(N), at ${fewNs.toFixed(1)} and ${manyNs.toFixed(1)} ns per rule`;
  const why = `: it is linear in rules, and each rule is more expensive, ${formatFactor(value, [low, high])}, once the list leaves the caches`;
  return {
    id: "iptables-growth",
    headline: costlier
      ? `${name}: linear in rules, each ${headlineFactor(value, [low, high])} as expensive`
      : `${name} lookups are linear in rules visited`,
    sentence: `${sentence}${costlier ? why : ""}. ${formatGrowth(time, cells)}`.trimEnd(),
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
export function formatGrowth(
  { determined, lastDecade, steepest }: Fit,
  cells: readonly MeasuredCell[],
): string {
  if (!determined) {
    const fewest = minOf(cells.map(({ replicates }) => replicates.length));
    return `The law of its growth in time can't be determined with ${fewest} replicates per cell; it takes ${REPLICATES_FOR_INTERVAL}.`;
  }
  if (lastDecade === null) return "";
  const where =
    steepest && steepest.interval[0] > lastDecade.interval[1]
      ? `, most steeply from ${formatCount(steepest.from)} to ${formatCount(steepest.to)} (${formatPower(steepest)})`
      : "";
  return `From ${formatCount(lastDecade.from)} to ${formatCount(lastDecade.to)} Services time grows as ${formatPower(lastDecade)}${where}.`;
}

/** `N^1.36 [1.35, 1.38]`. */
export function formatPower({ value, interval }: LocalExponent): string {
  const [low, high] = interval.map((end) => end.toFixed(2));
  return `N^${value.toFixed(2)} [${low}, ${high}]`;
}

/** `an iptables`, `a list`. */
function article(name: string): string {
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

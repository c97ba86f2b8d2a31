/** Whether hash tables stay flat: in work, and in time. */

import { cellId } from "../../results/cells.js";
import { planeLabel } from "../../results/descriptors.js";
import type { Finding, Fit, Results } from "../../results/schema.js";
import type { MeasuredCell } from "../../results/select.js";
import { maxOf, minOf } from "../../stats/extent.js";
import { formatBytes, formatCount, formatNs } from "../../text.js";
import { enlargedWords } from "../stock-maps.js";
import { headlineFactor, percent, ratioInterval, sameLookups, spreadsWidely, twoDigits } from "./common.js";
import { formatGrowth, formatPower, isCertain, lookupFit } from "./growth.js";

/** A rise that matters: smaller ones are not worth a headline even when their interval excludes 1. */
const NOTABLE_RISE = 1.2;
/** Where the hash planes' rise is counted from: tables of 100 services fit the innermost caches. */
const SMALL_CLUSTER = 100;

/** The article's "flat": constant in work, but time follows the caches. */
export function timeRise(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const small = cells.find((cell) => cell.services >= SMALL_CLUSTER);
  const large = cells.at(-1);
  if (!small || !large || large.services <= small.services || !sameLookups([small, large])) return null;
  const value = large.estimate.median / small.estimate.median;
  const interval = ratioInterval(large, small);
  if (interval[0] <= NOTABLE_RISE) return null;
  const label = planeLabel(results, large.plane);
  return {
    id: "hash-time-rise",
    headline: `${label}: constant work, but ${headlineFactor(value, interval)} the time`,
    sentence:
      `${label} does ${large.work!.mapLookups} map lookups at any number of services, yet takes ${twoDigits(value)} times ` +
      `[${twoDigits(interval[0])}, ${twoDigits(interval[1])}] as long at ${formatCount(large.services)} services as at ${formatCount(small.services)}: ` +
      `${formatBytes(large.programBytes ?? 0)} of tables${enlargedWords(results, large.plane, large.services)}${cacheSizes(results)}.`,
    cells: [cellId(small), cellId(large)],
    value,
    interval,
  };
}

/** Planes that do exactly the same work at every N. */
export function constantWork(planes: readonly (readonly MeasuredCell[])[], results: Results): Finding | null {
  const constant = planes.filter((cells) => spreadsWidely(cells) && sameLookups(cells));
  if (constant.length === 0) return null;
  const labels = constant.map((cells) => planeLabel(results, cells[0]!.plane));
  const from = maxOf(constant.map((cells) => cells[0]!.services));
  const to = minOf(constant.map((cells) => cells.at(-1)!.services));
  const lookups = constant.map((cells) => cells[0]!.work!.mapLookups);
  return {
    id: "work-constant",
    headline: `${labels.join(" and ")} ${labels.length > 1 ? "do" : "does"} constant work at any size`,
    sentence: `From ${formatCount(from)} to ${formatCount(to)} services a lookup costs ${labels
      .map((label, i) => `${label} ${lookups[i]} map lookups`)
      .join(" and ")}, exactly: O(1) in work.`,
    cells: constant.flat().map(cellId),
    value: lookups[0]!,
    interval: [lookups[0]!, lookups[0]!],
  };
}

/**
 * The article's "almost O(log n)", answered for work and for time apart. Only where the fit of steps is constant; in time
 * a law is named only where it describes every cell and nearly all resamples agree on it.
 */
export function logarithmAnswer(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const [first] = cells;
  const last = cells.at(-1);
  if (!first || !last || !spreadsWidely(cells)) return null;
  const steps = lookupFit(results, first.plane, "steps");
  const time = lookupFit(results, first.plane, "time");
  if (!time || steps?.law !== "1" || !sameLookups(cells)) return null;
  const probes = cells.map(({ work }) => work!.hashProbes);
  const label = planeLabel(results, first.plane);
  return {
    id: "logarithm",
    headline: `${label} lookups are O(1) in work, not O(log n)`,
    sentence:
      `Is ${label} "almost O(log n)"? In work it is O(1): ${first.work!.mapLookups} map lookups at any N, which together visit ` +
      `${minOf(probes).toFixed(1)} to ${maxOf(probes).toFixed(1)} entries (that follows how full its tables are, not N). ${inTime(time, cells, enlargedWords(results, last.plane, last.services))}`,
    cells: cells.map(cellId),
    value: last.estimate.median / first.estimate.median,
    interval: ratioInterval(last, first),
  };
}

/** `beyond`: said after the largest N. */
function inTime(time: Fit, cells: readonly MeasuredCell[], beyond: string): string {
  const [first, last] = [cells[0]!, cells.at(-1)!];
  const range = `from ${formatNs(first.estimate.median)} at N = ${formatCount(first.services)} to ${formatNs(last.estimate.median)} at ${formatCount(last.services)}${beyond}`;
  if (!time.determined) return `In time it goes ${range}. ${formatGrowth(time, cells)}`;
  const { law, support, slope, lastDecade } = time;
  if (!isCertain(time)) {
    const said = [`In time it goes ${range} and follows no single law.`, formatGrowth(time, cells)];
    return [...said, "The work is constant, so it is each access that takes longer."]
      .filter((words) => words !== "")
      .join(" ");
  }
  const share = `${percent(support)} of resamples`;
  if (law === "1") {
    const flat = lastDecade
      ? `, and from ${formatCount(lastDecade.from)} services on as ${formatPower(lastDecade)}`
      : "";
    return `In time it is O(1) as well, chosen in ${share}: ${range}${flat}.`;
  }
  const [low, high] = slope!.interval;
  const unit = law === "N" ? "service" : law;
  return `In time it goes ${range}, as O(${law}) would: ${slope!.value.toPrecision(2)} ns per ${unit} [${low.toPrecision(2)}, ${high.toPrecision(2)}], chosen in ${share}. With constant work that is the price of each access, not of an algorithm.`;
}

/** With a fixed number of buckets, chains grow with N, in exact probes. */
export function chainsGrow(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const [first] = cells;
  const last = cells.at(-1);
  const fit = lookupFit(results, first?.plane, "probes");
  if (!first || !last || !spreadsWidely(cells) || fit?.law !== "N" || !fit.describes || !fit.slope)
    return null;
  const name = planeLabel(results, first.plane);
  const grown = last.work!.hashProbes;
  if (grown < 2 * first.work!.hashProbes) return null;
  return {
    id: "ipvs-chains",
    headline: `${name} is a hash table that still grows with N`,
    sentence:
      `${name} keeps services in a fixed number of buckets, so a lookup visits ${first.work!.hashProbes.toFixed(1)} entries at N = ${formatCount(first.services)} and ` +
      `${grown.toFixed(1)} at ${formatCount(last.services)}: O(N) with one entry more for every ${formatCount(Math.round(1 / fit.slope.value))} services ` +
      `[${formatCount(Math.round(1 / fit.slope.interval[1]))}, ${formatCount(Math.round(1 / fit.slope.interval[0]))}].`,
    cells: cells.map(cellId),
    value: fit.slope.value,
    interval: fit.slope.interval,
  };
}

function cacheSizes({ environment }: Results): string {
  const sizes = Object.entries(environment.caches).map(([name, bytes]) => `${name} ${formatBytes(bytes)}`);
  return sizes.length > 0 ? ` against caches of ${sizes.join(", ")}` : "";
}

/** Whether hash tables stay flat: in work, and in time. */

import { cellId } from "../../results/cells.js";
import { planeLabel } from "../../results/descriptors.js";
import type { Finding, Fit, Results } from "../../results/schema.js";
import { atServices, type MeasuredCell } from "../../results/select.js";
import { maxOf, minOf } from "../../stats/extent.js";
import { formatBytes, formatCount, formatNs, plainText } from "../../text.js";
import { formatEnlarged } from "../stock-maps.js";
import {
  formatFactor,
  headlineFactor,
  percent,
  ratioInterval,
  sameLookups,
  spreadsWidely,
  twoDigits,
} from "./common.js";
import { isCertain, lookupFit } from "./growth.js";

/** A rise that matters: smaller ones are not worth a headline even when their interval excludes 1. */
const NOTABLE_RISE = 1.2;
/** Where the hash planes' rise is counted from: tables of 100 Services fit the innermost caches. */
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
      `${label} does ${large.work!.mapLookups} map lookups at any number of Services, yet takes ${twoDigits(value)} times ` +
      `[${twoDigits(interval[0])}, ${twoDigits(interval[1])}] as long at ${formatCount(large.services)} Services as at ${formatCount(small.services)}: ` +
      `${formatBytes(large.programBytes ?? 0)} of tables${formatEnlarged(results, large.plane, large.services)}${cacheSizes(results)}.`,
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
    sentence: `From ${formatCount(from)} to ${formatCount(to)} Services a lookup costs ${labels
      .map((label, i) => `${label} ${lookups[i]} map lookups`)
      .join(" and ")}, exactly: O(1) in work.`,
    cells: constant.flat().map(cellId),
    value: lookups[0]!,
    interval: [lookups[0]!, lookups[0]!],
  };
}

/** The article's "almost O(log n)", answered for work and for time apart. Only where the fit of steps is constant. */
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
      `In work ${label} is O(1), not "almost O(log n)": ${first.work!.mapLookups} map lookups at any N, which together visit ` +
      `${minOf(probes).toFixed(1)} to ${maxOf(probes).toFixed(1)} entries (that follows how full its tables are, not N). ${inTime(time, cells, results)}`,
    cells: cells.map(cellId),
    value: last.estimate.median / first.estimate.median,
    interval: ratioInterval(last, first),
  };
}

/**
 * A time that is flat beyond doubt is O(1) too. Of any other no law is named: the work is constant, so that what grows is the
 * time of an access, by each machine's caches. Three runs of one table had three laws.
 */
function inTime(time: Fit, cells: readonly MeasuredCell[], results: Results): string {
  const [first, last] = [cells[0]!, cells.at(-1)!];
  const beyond = formatEnlarged(results, last.plane, last.services);
  const at = (cell: MeasuredCell) =>
    `${formatNs(cell.estimate.median)} at ${cell === first ? "N = " : ""}${formatCount(cell.services)}`;
  if (time.law === "1" && isCertain(time)) {
    return `In time it is O(1) as well, chosen in ${percent(time.support)} of resamples: ${at(first)}, ${at(last)}${beyond}.`;
  }
  const isRising = ratioInterval(last, first)[0] > 1;
  const said = isRising ? `Time rises${where(last, results)}` : "Time";
  return `${said}: ${at(first)}, ${at(last)}${beyond}, on this machine. Work is constant, so no law of N is claimed.`;
}

/** ` where its 42 MiB of tables leave L2 and L3`: the caches that are smaller. */
function where({ programBytes }: MeasuredCell, { environment }: Results): string {
  if (programBytes === null) return "";
  const left = Object.entries(environment.caches).flatMap(([name, bytes]) =>
    /^L[2-9]/.test(name) && bytes < programBytes ? [plainText(name, 4)] : [],
  );
  return left.length === 0
    ? ""
    : ` where its tables, ${formatBytes(programBytes)} in the end, leave ${left.join(" and ")}`;
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
      `${name} keeps virtual services in a fixed number of buckets, so a lookup visits ${first.work!.hashProbes.toFixed(1)} entries at N = ${formatCount(first.services)} and ` +
      `${grown.toFixed(1)} at ${formatCount(last.services)}: O(N) with one entry more for every ${formatCount(Math.round(1 / fit.slope.value))} Services ` +
      `[${formatCount(Math.round(1 / fit.slope.interval[1]))}, ${formatCount(Math.round(1 / fit.slope.interval[0]))}].`,
    cells: cells.map(cellId),
    value: fit.slope.value,
    interval: fit.slope.interval,
  };
}

/** What the chains of those buckets make of time, and what the rule list takes next to it, at the largest N of both. */
export function bucketsInTime(
  cells: readonly MeasuredCell[],
  list: readonly MeasuredCell[],
  results: Results,
): Finding | null {
  const shared = cells.filter(({ services }) => atServices(list, services));
  const [first, last] = [shared[0], shared.at(-1)];
  const rival = atServices(list, last?.services);
  if (!first || !last || !rival || !spreadsWidely(shared)) return null;
  const [interval, behind] = [ratioInterval(last, first), ratioInterval(rival, last)];
  if (interval[0] <= NOTABLE_RISE || behind[0] <= 1) return null;
  const name = planeLabel(results, last.plane);
  const value = last.estimate.median / first.estimate.median;
  const n = formatCount(last.services);
  return {
    id: "ipvs-time",
    headline: `From ${formatCount(first.services)} to ${n} Services modelled ${name} lookups grow ${headlineFactor(value, interval)}`,
    sentence:
      `In time a modelled lookup in ${name} goes from ${formatNs(first.estimate.median)} at N = ${formatCount(first.services)} to ${formatNs(last.estimate.median)} at ${n}, ${formatFactor(value, interval)}; ` +
      `${planeLabel(results, rival.plane)} takes ${formatNs(rival.estimate.median)} there, ${formatFactor(rival.estimate.median / last.estimate.median, behind)} as long.`,
    cells: [first, last, rival].map(cellId),
    value,
    interval,
  };
}

function cacheSizes({ environment }: Results): string {
  const sizes = Object.entries(environment.caches).map(([name, bytes]) => `${name} ${formatBytes(bytes)}`);
  return sizes.length > 0 ? ` against caches of ${sizes.join(", ")}` : "";
}

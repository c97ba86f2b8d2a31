/** O(log n) in time: while caches hold the trie, and what is left of it beyond, next to the hash table. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import type { MeasuredCell } from "../../results/select.js";
import { REPLICATES_FOR_INTERVAL } from "../../stats/bootstrap.js";
import type { LocalExponent } from "../../stats/exponent.js";
import { formatCount } from "../../text.js";
import { type CacheRegimes, cacheRegimes, type Regime, visitsOf } from "../cache-regimes.js";
import { formatEnlarged } from "../stock-maps.js";
import { spreadsWidely, twoDigits } from "./common.js";
import { formatPower } from "./growth.js";

/** Laws of time by cache regime of the trie and the hash table, and where one overtakes the other. */
export function timeByRegime(
  trie: readonly MeasuredCell[],
  hash: readonly MeasuredCell[],
  results: Results,
): Finding | null {
  if (![trie, hash].every((cells) => spreadsWidely(cells) && cells.every(isCounted))) return null;
  const of = (cells: readonly MeasuredCell[]) => cacheRegimes(cells, results.run.seed);
  const [walk, probe] = [of(trie), of(hash)];
  const regimes = `${regimesText(results, trie, walk, true)} ${regimesText(results, hash, probe, false)}`;
  const common = { id: "cache-regimes", cells: [...trie, ...hash].map(cellId) };
  const { fit } = walk.cached;
  if (fit?.describes && fit.law === "log N" && fit.slopeInterval !== null) {
    const [low, high] = fit.slopeInterval;
    const slope = `${twoDigits(fit.slope)} ns [${twoDigits(low)}, ${twoDigits(high)}]`;
    return {
      ...common,
      headline: "Cached, a trie's time is O(log N) too",
      sentence: `${regimes} While cached the trie takes ${slope} more for each doubling.${crossings(results)}`,
      value: fit.slope,
      interval: [low, high],
    };
  }
  const largest = trie.at(-1);
  if (walk.beyond === null || largest === undefined) return null;
  const { median, interval } = largest.estimate;
  const [value, low, high] = [median, ...interval].map((ns) => ns / visitsOf(largest)) as [
    number,
    number,
    number,
  ];
  return {
    ...common,
    headline: `Uncached, a trie's node takes ${twoDigits(value)} ns (${twoDigits(low)}–${twoDigits(high)})`,
    sentence: `${regimes}${crossings(results)}`,
    value,
    interval: [low, high],
  };
}

function isCounted({ work, replicates }: MeasuredCell): boolean {
  return (
    work !== null && work.rulesVisited + work.hashProbes > 0 && replicates.length >= REPLICATES_FOR_INTERVAL
  );
}

/** `growing`: its work grows with N. Of constant work a law of N would be that of the caches. */
function regimesText(
  results: Results,
  cells: readonly MeasuredCell[],
  { cached, beyond }: CacheRegimes,
  growing: boolean,
): string {
  const { plane, services } = cells.at(-1)!;
  const label = planeLabel(results, plane);
  const law = cached.isFlat ? "1" : growing && cached.fit?.describes ? cached.fit.law : null;
  const first = `${label} takes ${perVisit(cached)} per node or entry up to ${formatCount(cached.to)} Services${law === null ? "" : `, in time O(${law})`}`;
  if (beyond === null) return `${first}.`;
  const growth =
    growing && beyond.power && isTelling(beyond.power) ? `, in time as ${formatPower(beyond.power)}` : "";
  const where =
    beyond.from === beyond.to
      ? `at ${formatCount(beyond.from)}`
      : `from ${formatCount(beyond.from)} to ${formatCount(beyond.to)}`;
  return `${first}, and ${perVisit(beyond)} ${where}${formatEnlarged(results, plane, services)}${growth}.`;
}

/** A wider one does not tell a square root from a line. */
const WIDEST_POWER = 0.5;

/** Whether the interval says that time grows at all, and how. */
const isTelling = ({ interval: [low, high] }: LocalExponent): boolean => low > 0 && high - low < WIDEST_POWER;

function perVisit({ nsPerVisit: [low, high] }: Regime): string {
  const [from, to] = [twoDigits(low), twoDigits(high)];
  return from === to ? `${from} ns` : `${from} to ${to} ns`;
}

/** Every N where one of the two overtakes the other. */
function crossings(results: Results): string {
  const pair = [claimant(results, "trie"), claimant(results, "hash")];
  const n = (value: number) => formatCount(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
  const said = results.crossovers
    .filter(
      ({ lane, scenario, variant, faster, slower }) =>
        lane === "model" &&
        scenario === "lookup" &&
        variant === "" &&
        pair.includes(faster) &&
        pair.includes(slower),
    )
    .sort((a, b) => a.services - b.services)
    .map(
      ({ faster, services, interval }) =>
        `${planeLabel(results, faster)} is faster from ${n(services)} Services [${interval.map(n).join(", ")}] on`,
    );
  return said.length > 0
    ? ` In the model ${said.join(", then ")} (on straight lines between the measured N).`
    : "";
}

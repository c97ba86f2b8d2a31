/** The plane whose lookups are O(log N) in work: a trie. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import type { MeasuredCell } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";
import { spreadsWidely, twoDigits } from "./common.js";
import { formatGrowth, isCertain, lookupFit } from "./growth.js";

/** The article's "almost O(log n)", where it is true: nodes visited, by the law that describes every count of them. */
export function trieLogarithm(cells: readonly MeasuredCell[], results: Results): Finding | null {
  const [first] = cells;
  const last = cells.at(-1);
  const work = lookupFit(results, first?.plane, "probes");
  if (!first || !last || !spreadsWidely(cells) || work?.law !== "log N" || !work.describes || !work.slope)
    return null;
  const time = lookupFit(results, first.plane, "time");
  const [low, high] = work.slope.interval;
  const label = planeLabel(results, first.plane);
  const range = `${formatNs(first.estimate.median)} at N = ${formatCount(first.services)} and ${formatNs(last.estimate.median)} at ${formatCount(last.services)}`;
  return {
    id: "trie-logarithm",
    headline: `${shortLabel(results, first.plane)} is the plane that is O(log n)`,
    sentence:
      `${label} visits ${first.work!.hashProbes.toFixed(1)} nodes and entries at N = ${formatCount(first.services)} and ${last.work!.hashProbes.toFixed(1)} at ${formatCount(last.services)}: ` +
      `O(log N), ${twoDigits(work.slope.value)} [${twoDigits(low)}, ${twoDigits(high)}] more for each doubling, one load after another. ` +
      `It takes ${range}.${formatTime(results, cells, time)}`,
    cells: cells.map(cellId),
    value: work.slope.value,
    interval: [low, high],
  };
}

function formatTime(
  results: Results,
  cells: readonly MeasuredCell[],
  time: ReturnType<typeof lookupFit>,
): string {
  if (!time) return "";
  if (!isCertain(time)) return ` ${formatGrowth(time, cells)}`.trimEnd();
  const hash = claimant(results, "hash");
  const law = lookupFit(results, hash, "time");
  const other = law && isCertain(law) ? `, where ${planeLabel(results, hash)} is O(${law.law})` : "";
  return ` In time it is O(${time.law})${other}.`;
}

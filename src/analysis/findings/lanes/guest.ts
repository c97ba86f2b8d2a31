/** What a user-mode Linux guest says of the rule list and another proxy in it. */

import { cellId } from "../../../results/cells.js";
import { claimant, measuredPlanes, planeLabel } from "../../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../../results/schema.js";
import {
  ascending,
  atServices,
  isMeasured,
  type MeasuredCell,
  selectCells,
} from "../../../results/select.js";
import { median } from "../../../stats/quantile.js";
import { countOf, formatCount, formatNs } from "../../../text.js";
import { formatFactor, formatSpan, headlineFactor, possessive, ratioInterval } from "../common.js";

/**
 * The rule list and another proxy in the same guest, at the largest N of both, the slower first, and whether one surely is.
 * `isWanted`: which cells may be spoken of.
 */
function guestPair(results: Results, scenario: string, isWanted: (cell: Cell) => cell is MeasuredCell) {
  const of = (plane: string) =>
    ascending(selectCells(results, { lane: "guest", scenario, plane, variant: "" }).filter(isWanted));
  const plane = claimant(results, "list");
  for (const other of measuredPlanes(results)) {
    const rivals = other === plane ? [] : of(other);
    const list = of(plane).findLast(({ services }) => atServices(rivals, services));
    const rival = atServices(rivals, list?.services);
    if (!list || !rival) continue;
    const [slow, fast] = list.estimate.median >= rival.estimate.median ? [list, rival] : [rival, list];
    const interval = ratioInterval(slow, fast);
    const isSure = interval[0] > 1 && [slow, fast].every(isMeasured);
    const [name, otherName] = [slow, fast].map((cell) => planeLabel(results, cell.plane));
    return { slow, fast, interval, isSure, name: name!, otherName: otherName! };
  }
  return null;
}

/** One replicate has no spread, and proves nothing; but that it was measured can be said. */
const hasEstimate = (cell: Cell): cell is MeasuredCell => cell.estimate !== null;

/**
 * What a connection through the slower of two proxies takes over one through the other, in the same guest, at the largest N; or
 * that no difference is shown.
 */
export function guestConnect(results: Results): Finding | null {
  const pair = guestPair(results, "connect", isMeasured) ?? guestPair(results, "connect", hasEstimate);
  if (!pair) return null;
  const { slow, fast, interval, isSure, name, otherName } = pair;
  const value = slow.estimate.median / fast.estimate.median;
  const n = formatCount(slow.services);
  const [ofSlow, ofFast] = [slow.replicates.length, fast.replicates.length];
  const of = ofSlow === ofFast ? "each" : `${name} and ${formatCount(ofFast)} of ${otherName}`;
  return {
    id: "guest-connect",
    headline: isSure
      ? `At ${n} Services guest ${name} connects take ${headlineFactor(value, interval)} ${possessive(otherName)} time`
      : `Guest ${name} and ${otherName}: no difference shown at ${n} Services`,
    sentence:
      `In one user-mode Linux guest, at ${n} Services, connect() takes ${formatNs(slow.estimate.median)} through ${name} and ` +
      `${formatNs(fast.estimate.median)} through ${otherName}: ` +
      `${isSure ? formatFactor(value, interval) : `${countOf(ofSlow, "measurement")} of ${of} can't show which is slower`}.`,
    cells: [cellId(slow), cellId(fast)],
    value,
    interval,
  };
}

/**
 * What one endpoint change takes through two proxies in the same guest, the slower first, and what starting a
 * tool alone takes there.
 */
export function guestUpdate(results: Results): Finding | null {
  const pair = guestPair(results, "update", isMeasured);
  if (!pair?.isSure) return null;
  const { slow, fast, name, otherName } = pair;
  const n = formatCount(slow.services);
  const startNs = median(fast.replicates.map(({ floorNs }) => floorNs));
  return {
    id: "guest-update",
    headline: `At ${n} Services guest ${name} changes take ${formatSpan(slow.estimate.median, slow.estimate.interval)}`,
    sentence:
      `In one user-mode Linux guest, at ${n} Services, one endpoint change takes ${formatNs(slow.estimate.median)} through ${name} and ` +
      `${formatNs(fast.estimate.median)} through ${otherName}; starting a tool alone takes ${formatNs(startNs)} there.`,
    cells: [cellId(slow), cellId(fast)],
    value: slow.estimate.median,
    interval: slow.estimate.interval,
  };
}

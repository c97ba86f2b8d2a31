/** What a connection costs first, and what it costs later. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { atServices, type MeasuredCell, measuredCurve } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";
import { formatFactor, headlineFactor, possessive, ratioInterval, rivalsOf, twoDigits } from "./common.js";

/** Later packets are called flat when their rise is surely below this, first packets are called rising when surely above. */
const FLAT = 1.5;
/** Most of a connection through the kernel is no list's doing. */
const RISING = { model: 2, kernel: 1.5 } as const;

function curve(results: Results, lane: Cell["lane"], scenario: string, plane: string): MeasuredCell[] {
  return measuredCurve(results, { lane, scenario, plane, variant: "" });
}

/** First packets of the rule list at its largest N, against the slowest of the other planes there. */
export function connectCost(results: Results): Finding | null {
  const list = claimant(results, "list");
  const largest = curve(results, "model", "connect", list).at(-1);
  if (!largest) return null;
  const name = planeLabel(results, list);
  const rivals = rivalsOf(results, list)
    .map((plane) => atServices(curve(results, "model", "connect", plane), largest.services))
    .filter((cell) => cell !== undefined);
  if (rivals.length === 0) return null;
  const rival = rivals.reduce((slowest, cell) =>
    cell.estimate.median > slowest.estimate.median ? cell : slowest,
  );
  const value = largest.estimate.median / rival.estimate.median;
  const interval = ratioInterval(largest, rival);
  if (interval[0] <= 1) return null;
  return {
    id: "connect",
    headline: `At ${formatCount(largest.services)} Services ${possessive(name)} first packet takes ${headlineFactor(value, interval)} ${possessive(shortLabel(results, rival.plane))} time`,
    sentence:
      `With the state that each plane keeps, a connection's first packet takes ${formatNs(largest.estimate.median)} in ${name} at ${formatCount(largest.services)} services, ` +
      `${formatFactor(value, interval)} the ${formatNs(rival.estimate.median)} of ${planeLabel(results, rival.plane)}, the next slowest.`,
    cells: [cellId(largest), cellId(rival)],
    value,
    interval,
  };
}

/** Keepalive hides the problem: first packets grow with N, later ones don't. */
export function establishedFlat(results: Results, lane: "model" | "kernel"): Finding | null {
  const list = claimant(results, "list");
  const name = planeLabel(results, list);
  const [first, later] = ["connect", "established"].map((scenario) => curve(results, lane, scenario, list));
  const ends = [first![0], first!.at(-1), later![0], later!.at(-1)];
  if (!ends.every((cell) => cell !== undefined)) return null;
  const [few, many, laterFew, laterMany] = ends as [MeasuredCell, MeasuredCell, MeasuredCell, MeasuredCell];
  if (few.services === many.services || laterMany.services !== many.services) return null;
  const rise = ratioInterval(many, few);
  const interval = ratioInterval(laterMany, laterFew);
  if (rise[0] < RISING[lane] || interval[1] > FLAT) return null;
  const value = laterMany.estimate.median / laterFew.estimate.median;
  const said =
    lane === "model"
      ? { id: "established", first: `a first packet in ${name}`, later: "a later one" }
      : {
          id: "kernel-established",
          first: `connect() through ${name} in the kernel`,
          later: "a request over an open connection",
        };
  return {
    id: said.id,
    headline: `Packets of open connections skip ${possessive(name)} nat rules`,
    sentence:
      `From ${formatCount(few.services)} to ${formatCount(many.services)} services ${said.first} takes ${twoDigits(many.estimate.median / few.estimate.median)} times as long ` +
      `[${rise.map(twoDigits).join(", ")}], ${said.later} ${value.toFixed(2)} times [${interval.map((end) => end.toFixed(2)).join(", ")}]: ` +
      `conntrack has its decision, and no nat rule is tried (${formatNs(laterMany.estimate.median)}).`,
    cells: [few, many, laterFew, laterMany].map(cellId),
    value,
    interval,
  };
}

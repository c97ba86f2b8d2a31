/** What a connection costs first, and what it costs later. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { atServices, type MeasuredCell, measuredCurve } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";
import {
  formatFactor,
  formatSpan,
  headlineFactor,
  percent,
  possessive,
  ratioInterval,
  rivalsOf,
  twoDigits,
} from "./common.js";

/** Later packets are called flat when their rise is surely below this, first packets are called rising when surely above. */
const FLAT = 1.5;
/** Most of a connection through the kernel is no list's doing. */
const RISING = { model: 2, kernel: 1.5 } as const;

function curve(results: Results, lane: Cell["lane"], scenario: string, plane: string): MeasuredCell[] {
  return measuredCurve(results, { lane, scenario, plane, variant: "" });
}

/**
 * First packets of the rule list at its largest N, next to the slowest of the other planes there, and how much of both is the
 * connection's state. No headline ranks them: state is hashed with SipHash, which a model computes more slowly than a kernel.
 */
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
  if (ratioInterval(largest, rival)[0] <= 1) return null;
  const { median, interval } = largest.estimate;
  return {
    id: "connect",
    headline: `At ${formatCount(largest.services)} Services ${possessive(name)} first packet takes ${formatSpan(median, interval)}`,
    sentence:
      `With the state that each plane keeps, a connection's first packet takes ${formatNs(median)} in ${name} at ${formatCount(largest.services)} Services${stateOf(results, largest)}, ` +
      `and ${formatNs(rival.estimate.median)} in ${planeLabel(results, rival.plane)}${stateOf(results, rival)}. Planes are not ranked by it: hashes of the state take longer in this process than in a kernel.`,
    cells: [cellId(largest), cellId(rival)],
    value: median,
    interval: [interval[0], interval[1]],
  };
}

/**
 * ` (88 % of it state)`: what choosing an endpoint leaves, where the run timed lookups alone; otherwise what the smallest N,
 * which leaves little to choose, takes.
 */
function stateOf(results: Results, cell: MeasuredCell): string {
  const choice = atServices(curve(results, "model", "lookup", cell.plane), cell.services);
  if (choice) {
    const share = 1 - choice.estimate.median / cell.estimate.median;
    return share > 0 ? ` (${percent(share)} of it the connection's state)` : "";
  }
  const few = curve(results, "model", "connect", cell.plane)[0];
  if (!few || few.services === cell.services) return "";
  return ` (${formatNs(few.estimate.median)} at N = ${formatCount(few.services)}, nearly all of it the connection's state)`;
}

/**
 * Where keepalive does not help: a hash table that looks up each packet, whose later packets surely take longer with N, and
 * longer than the list's; next to the same table where the connection was translated at its socket.
 */
export function laterLookups(results: Results): Finding | null {
  const hash = claimant(results, "hash");
  const later = curve(results, "model", "established", hash);
  const [few, many] = [later[0], later.at(-1)];
  if (!few || !many || few.services === many.services) return null;
  const interval = ratioInterval(many, few);
  if (interval[0] <= 1) return null;
  const name = planeLabel(results, hash);
  const n = formatCount(many.services);
  const list = atServices(curve(results, "model", "established", claimant(results, "list")), many.services);
  const socket = atServices(
    measuredCurve(results, { lane: "model", scenario: "established", plane: hash, variant: "socket" }),
    many.services,
  );
  const isSlower = list && ratioInterval(many, list)[0] > 1;
  const value = many.estimate.median / few.estimate.median;
  return {
    id: "established-hash",
    headline: `${shortLabel(results, hash)} looks up later packets too: ${headlineFactor(value, interval)} at ${n} Services`,
    sentence:
      `${name} per packet looks up later packets too: ${formatNs(few.estimate.median)} at N = ${formatCount(few.services)}, ${formatNs(many.estimate.median)} at ${n}, ${formatFactor(value, interval)} as long` +
      `${isSlower ? `, and longer than the ${formatNs(list.estimate.median)} of ${planeLabel(results, list.plane)} there` : ""}.` +
      `${socket ? ` Where it translates the connection at the socket, a later packet takes ${formatNs(socket.estimate.median)}: nothing is looked up.` : ""}`,
    cells: [few, many, ...(isSlower ? [list] : []), ...(socket ? [socket] : [])].map(cellId),
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
      `From ${formatCount(few.services)} to ${formatCount(many.services)} Services ${said.first} takes ${twoDigits(many.estimate.median / few.estimate.median)} times as long ` +
      `[${rise.map(twoDigits).join(", ")}], ${said.later} ${value.toFixed(2)} times [${interval.map((end) => end.toFixed(2)).join(", ")}]: ` +
      `conntrack has its decision, and no nat rule is tried (${formatNs(laterMany.estimate.median)}).`,
    cells: [few, many, laterFew, laterMany].map(cellId),
    value,
    interval,
  };
}

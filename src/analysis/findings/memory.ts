/** What a program takes of the kernel's memory: exact counts of the model. */

import { cellId } from "../../results/cells.js";
import { type Claim, claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { ascending, atServices, selectCells } from "../../results/select.js";
import { formatCount, formatDecimalBytes } from "../../text.js";
import { headlineFactor, possessive, twoDigits } from "./common.js";

/** Smaller factors are not worth a sentence. */
const MIN_REPORTED_RATIO = 1.5;

/**
 * The rule list, which grows with each rule, and the plane whose maps have their size from the start, at the
 * largest N of both.
 */
export function memoryAtLargest(results: Results): Finding | null {
  const of = (claim: Claim) =>
    ascending(
      selectCells(results, { lane: "model", scenario: "memory", plane: claimant(results, claim) }).filter(
        (cell) => bytesOf(cell) > 0,
      ),
    );
  const fixed = of("fixed-size");
  const list = of("list").filter(({ services }) => atServices(fixed, services));
  const many = list.at(-1);
  const rival = atServices(fixed, many?.services);
  if (!many || !rival) return null;
  const [more, less] = bytesOf(many) >= bytesOf(rival) ? [many, rival] : [rival, many];
  const value = bytesOf(more) / bytesOf(less);
  if (value < MIN_REPORTED_RATIO) return null;
  const n = formatCount(many.services);
  const [few] = list;
  const fewRival = atServices(fixed, few!.services)!;
  return {
    id: "memory",
    headline: `At ${n} Services ${shortLabel(results, more.plane)} needs ${headlineFactor(value, [value])} ${possessive(shortLabel(results, less.plane))} memory`,
    sentence:
      `The program of ${n} Services takes ${formatDecimalBytes(bytesOf(more))} of the kernel's memory in ${planeLabel(results, more.plane)}, ` +
      `${twoDigits(value)} times the ${formatDecimalBytes(bytesOf(less))} of ${planeLabel(results, less.plane)}` +
      (few === many
        ? "."
        : `; at N = ${formatCount(few!.services)} ${planeLabel(results, many.plane)} takes ${formatDecimalBytes(bytesOf(few!))}, ` +
          `and ${possessive(shortLabel(results, rival.plane))} maps, whose buckets have their size from the start, ${formatDecimalBytes(bytesOf(fewRival))}.`),
    cells: [...new Set([more, less, few!, fewRival])].map(cellId),
    value,
    interval: [value, value],
  };
}

function bytesOf({ counts }: Cell): number {
  return counts?.bytes ?? 0;
}

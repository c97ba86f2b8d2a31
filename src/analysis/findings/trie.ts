/** The plane whose lookups are O(log N) in work: a trie. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { findCell, type MeasuredCell, selectCells } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";
import { spreadsWidely } from "./common.js";
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
      `O(log N), ${work.slope.value.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}] more for each doubling, one load after another. ` +
      `It takes ${range}.${formatTime(cells, time)}`,
    cells: cells.map(cellId),
    value: work.slope.value,
    interval: [low, high],
  };
}

function formatTime(cells: readonly MeasuredCell[], time: ReturnType<typeof lookupFit>): string {
  if (!time) return "";
  if (!isCertain(time)) return ` ${formatGrowth(time, cells)}`.trimEnd();
  return ` In time it is O(${time.law}).`;
}

/** Random and sequential addresses are as deep as each other within a tenth. */
const EQUAL_WITHIN = 1.1;

/** A path-compressed trie is about log₂ N deep, whichever bits differ: order of addresses is no axis of its work. */
export function trieAddresses(results: Results): Finding | null {
  const trie = claimant(results, "trie");
  const cells = selectCells(results, { lane: "model", scenario: "addresses", plane: trie }).filter(
    ({ work }) => work !== null,
  );
  const pairWith = (variant: string): readonly [Cell, Cell] | undefined =>
    selectCells(cells, { variant })
      .sort((a, b) => b.services - a.services)
      .flatMap((cell) => {
        const random = findCell(cells, { variant: "random addresses", services: cell.services });
        return random ? [[random, cell] as const] : [];
      })[0];
  const ordered = pairWith("sequential addresses");
  if (!ordered) return null;
  const [random, sequential] = ordered;
  const value = sequential.work!.hashProbes / random.work!.hashProbes;
  if (Math.max(value, 1 / value) > EQUAL_WITHIN) return null;
  const ports = pairWith("NodePorts");
  const visits = (cell: Cell) => cell.work!.hashProbes.toFixed(1);
  return {
    id: "trie-addresses",
    headline: "A trie's depth follows N, not the addresses",
    sentence:
      `At ${formatCount(random.services)} Services ${planeLabel(results, trie)} visits ${visits(random)} nodes and entries where cluster IPs are random and ${visits(sequential)} where they are sequential.` +
      (ports
        ? ` At ${formatCount(ports[0].services)} it visits ${visits(ports[1])} for a NodePort and ${visits(ports[0])} for a cluster IP: each NodePort has frontends of its own next to its Service's cluster IP.`
        : ""),
    cells: [...ordered, ...(ports ?? [])].map(cellId).filter((id, i, all) => all.indexOf(id) === i),
    value,
    interval: [value, value],
  };
}

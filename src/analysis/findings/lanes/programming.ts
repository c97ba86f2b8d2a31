/** What kube-proxy and Cilium take to program a node: how versions and modes differ, at the largest N that they share. */

import { cellId } from "../../../results/cells.js";
import { comparePlanes, datapathNote, planeLabel, shortLabel } from "../../../results/descriptors.js";
import type { Finding, Results } from "../../../results/schema.js";
import { findCell, isMeasured, type MeasuredCell, selectCells } from "../../../results/select.js";
import { maxOf } from "../../../stats/extent.js";
import { formatCount, formatNs, plainText } from "../../../text.js";
import { formatFactor, formatSpan, ratioInterval } from "../common.js";

/** One endpoint's change, from the API's event to the end of the sync. */
export function programmingTime(results: Results): Finding | null {
  return slowestAgainstFastest(results, {
    id: "kernel-programming",
    cells: selectCells(results, { lane: "kernel", scenario: "programming", variant: "" }).filter(isMeasured),
    headline: (slow, span, n) => `${slow} takes ${span} per endpoint change at ${n} Services`,
    sentence: (n, times) =>
      `By the programs themselves, at ${n} services, one endpoint change is programmed in ${times}`,
  });
}

/** From a node without rules to the last Service that answers. */
export function firstSyncTime(results: Results): Finding | null {
  return slowestAgainstFastest(results, {
    id: "kernel-first-sync",
    cells: selectCells(results, { lane: "kernel", scenario: "sync", variant: "first" }).filter(isMeasured),
    headline: (slow, span, n) => `At ${n} Services ${slow} needs ${span} to sync`,
    sentence: (n, times) =>
      `From the program's start, at ${n} services, the last Service answers after ${times}`,
  });
}

/** The newest rules of a new node in one transaction, over the same in the smallest stages, at the largest N of both. */
export function coldStart(results: Results): Finding | null {
  const all = selectCells(results, { lane: "kernel", scenario: "cold-start" }).filter(isMeasured);
  const services = maxOf(all.filter(({ variant }) => variant !== "").map((cell) => cell.services));
  const here = selectCells(all, { services });
  const plane = [...new Set(here.map((cell) => cell.plane))].sort(comparePlanes(results)).at(-1);
  if (plane === undefined) return null;
  const own = selectCells(here, { plane });
  const whole = findCell(own, { variant: "" });
  const [staged] = own
    .filter(({ variant }) => variant !== "")
    .sort((a, b) => stageOf(a.variant) - stageOf(b.variant));
  if (whole === undefined || staged === undefined) return null;
  const interval = ratioInterval(whole, staged);
  const value = whole.estimate.median / staged.estimate.median;
  const n = formatCount(services);
  const verdict =
    interval[0] > 1 || interval[1] < 1
      ? `one transaction takes ${formatFactor(value, interval)} as long`
      : `their intervals allow no difference (${formatFactor(value, interval)})`;
  return {
    id: "kernel-cold-start",
    headline: `At ${n} Services a new node's ${shortLabel(results, whole.plane)} takes ${formatSpan(whole.estimate.median, whole.estimate.interval)}`,
    sentence:
      `nft loads ${planeLabel(results, whole.plane)}'s rules for ${n} services onto a new node in ${formatNs(whole.estimate.median)} in one transaction, ` +
      `in ${formatNs(staged.estimate.median)} with ${plainText(staged.variant, 40)}: ${verdict}.`,
    cells: [whole, staged].map(cellId),
    value,
    interval,
  };
}

/** Services of a transaction, as the variant's name begins with. */
function stageOf(variant: string): number {
  return Number.parseInt(variant.replaceAll(",", ""), 10);
}

/** What isn't the measured program's own, as sentences. */
function notesOf(cells: readonly MeasuredCell[]): string[] {
  const note = datapathNote(cells);
  return note === false ? [] : [`${note}.`];
}

interface SpreadFinding {
  readonly id: string;
  readonly cells: readonly MeasuredCell[];
  headline(slow: string, span: string, n: string): string;
  sentence(n: string, times: string): string;
}

/** Null where their intervals meet, or there is one alone. */
function slowestAgainstFastest(
  results: Results,
  { id, cells, headline, sentence }: SpreadFinding,
): Finding | null {
  const sizes = [...new Set(cells.map(({ services }) => services))].sort((a, b) => b - a);
  for (const services of sizes) {
    const here = selectCells(cells, { services }).sort((a, b) => b.estimate.median - a.estimate.median);
    const [slow, fast] = [here[0], here.at(-1)];
    if (slow === undefined || fast === undefined || slow === fast) continue;
    const interval = ratioInterval(slow, fast);
    if (!(interval[0] > 1)) return null;
    const value = slow.estimate.median / fast.estimate.median;
    const n = formatCount(services);
    const times = here
      .map(({ plane, estimate }) => `${formatNs(estimate.median)} by ${planeLabel(results, plane)}`)
      .join(", ");
    return {
      id,
      headline: headline(
        shortLabel(results, slow.plane),
        formatSpan(slow.estimate.median, slow.estimate.interval),
        n,
      ),
      sentence: [
        `${sentence(n, times)}: the slowest takes ${formatFactor(value, interval)} the fastest.`,
        ...notesOf(here),
      ].join(" "),
      cells: here.map(cellId),
      value,
      interval,
    };
  }
  return null;
}

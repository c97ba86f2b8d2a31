/** What kube-proxy itself takes to program a node: how its versions and modes differ, at the largest N that they share. */

import { cellId } from "../../results/cells.js";
import { planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import { isMeasured, type MeasuredCell, selectCells } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";
import { formatFactor, formatSpan, ratioInterval } from "./common.js";

/** One endpoint's change, from the API's event to the end of the sync. */
export function programmingTime(results: Results): Finding | null {
  return slowestAgainstFastest(results, {
    id: "kernel-programming",
    cells: selectCells(results, { lane: "kernel", scenario: "programming", variant: "" }).filter(isMeasured),
    headline: (slow, n) => `At ${n} Services one endpoint change takes ${slow}`,
    sentence: (n, times) =>
      `In kube-proxy itself, at ${n} services, one endpoint change is programmed in ${times}`,
  });
}

/** From a node without rules to the last Service that answers. */
export function firstSyncTime(results: Results): Finding | null {
  return slowestAgainstFastest(results, {
    id: "kernel-first-sync",
    cells: selectCells(results, { lane: "kernel", scenario: "sync", variant: "first" }).filter(isMeasured),
    headline: (slow, n) => `At ${n} Services a first sync takes ${slow}`,
    sentence: (n, times) =>
      `From kube-proxy's start, at ${n} services, the last Service answers after ${times}`,
  });
}

interface SpreadFinding {
  readonly id: string;
  readonly cells: readonly MeasuredCell[];
  headline(slow: string, n: string): string;
  sentence(n: string, times: string): string;
}

/** Null where their intervals meet, or there is one alone. */
function slowestAgainstFastest(
  results: Results,
  { id, cells, headline, sentence }: SpreadFinding,
): Finding | null {
  const sizes = [...new Set(cells.map(({ services }) => services))].sort((a, b) => b - a);
  for (const services of sizes) {
    const here = cells
      .filter((cell) => cell.services === services)
      .sort((a, b) => b.estimate.median - a.estimate.median);
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
        `${shortLabel(results, slow.plane)} ${formatSpan(slow.estimate.median, slow.estimate.interval)}`,
        n,
      ),
      sentence: `${sentence(n, times)}: the slowest takes ${formatFactor(value, interval)} the fastest.`,
      cells: here.map(cellId),
      value,
      interval,
    };
  }
  return null;
}

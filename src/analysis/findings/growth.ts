/** How iptables grows, and how far behind it falls. */

import { cellId } from "../../results/cells.js";
import type { Finding, Results } from "../../results/schema.js";
import { formatCount, formatNs } from "../../text.js";
import {
  digits,
  type Measured,
  planeLabel,
  ratioInterval,
  shortLabel,
  spreadsWidely,
  timesWords,
} from "./common.js";

/** Share of resamples that must agree on the law. */
const SUPPORT = 0.95;

/** At the largest N that iptables shares with another plane: how many times the slowest of the others it takes. */
export function iptablesFactor(cells: readonly Measured[]): Finding | null {
  const iptables = cells.filter((cell) => cell.plane === "iptables");
  const shared = iptables.filter((cell) =>
    cells.some((other) => other.plane !== "iptables" && other.services === cell.services),
  );
  const largest = shared.reduce<Measured | null>(
    (best, cell) => (best === null || cell.services > best.services ? cell : best),
    null,
  );
  if (!largest) return null;
  const rival = cells
    .filter((cell) => cell.plane !== "iptables" && cell.services === largest.services)
    .reduce((slowest, cell) => (cell.estimate.median > slowest.estimate.median ? cell : slowest));
  const value = largest.estimate.median / rival.estimate.median;
  const interval = ratioInterval(largest, rival);
  if (interval[0] <= 1) return null;
  const n = formatCount(largest.services);
  return {
    id: "iptables-factor",
    headline: `At ${n} Services iptables is ${digits(value)} times slower than ${shortLabel(rival.plane)}`,
    sentence:
      `At ${n} services an iptables lookup takes ${formatNs(largest.estimate.median)}, ` +
      `${timesWords(value, interval)} the ${formatNs(rival.estimate.median)} of ${planeLabel(rival.plane)}, the next slowest plane.`,
    cells: [cellId(largest), cellId(rival)],
    value,
    interval,
  };
}

/** What each service adds to a lookup, by the fit of time: only where it is O(N) beyond doubt and describes every cell. */
export function iptablesSlope(cells: readonly Measured[], { fits }: Results): Finding | null {
  const fit = fits.find(
    ({ plane, lane, scenario, quantity }) =>
      plane === "iptables" && lane === "model" && scenario === "lookup" && quantity === "time",
  );
  if (!spreadsWidely(cells) || fit?.law !== "N" || !fit.describes || fit.support < SUPPORT || !fit.slope)
    return null;
  const { value, interval } = fit.slope;
  if (!(interval[0] > 0)) return null;
  const largest = cells.at(-1)!;
  const perRule = largest.work
    ? `; at ${formatCount(largest.services)} services that is ${(largest.estimate.median / largest.work.rulesVisited).toFixed(1)} ns for each rule visited`
    : "";
  return {
    id: "iptables-slope",
    headline: `Every Service adds ${value.toFixed(1)} ns to an iptables lookup`,
    sentence: `Each service adds ${value.toFixed(2)} ns [${interval.map((end) => end.toFixed(2)).join(", ")}] to an iptables lookup on average${perRule}.`,
    cells: cells.map(cellId),
    value,
    interval: [interval[0], interval[1]],
  };
}

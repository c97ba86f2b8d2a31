/** How iptables grows, and how far behind it falls. */

import type { Finding } from "../../results/schema.js";
import { replicateInterval } from "../../stats/bootstrap.js";
import { relativeLine } from "../../stats/line.js";
import { formatCount, formatNs } from "../format.js";
import {
  cellName,
  digits,
  type Measured,
  planeLabel,
  ratioInterval,
  shortLabel,
  spreadsWidely,
} from "./common.js";

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
      `At ${n} services an iptables lookup takes ${formatNs(largest.estimate.median)}, ${digits(value)} times ` +
      `[${digits(interval[0])}, ${digits(interval[1])}] the ${formatNs(rival.estimate.median)} of ${planeLabel(rival.plane)}, the next slowest plane.`,
    cells: [cellName(largest), cellName(rival)],
    value,
    interval,
  };
}

/** What each service adds to a lookup, by a line through all N. */
export function iptablesSlope(cells: readonly Measured[], seed: number): Finding | null {
  if (!spreadsWidely(cells)) return null;
  const services = cells.map((cell) => cell.services);
  const slope = (medians: readonly number[]) => relativeLine(services, medians).slope;
  const value = slope(cells.map((cell) => cell.estimate.median));
  const interval = replicateInterval(
    cells.map((cell) => cell.replicates.map((replicate) => replicate.median)),
    slope,
    seed,
  );
  if (!(interval[0] > 0)) return null;
  const largest = cells.at(-1)!;
  const perRule = largest.work
    ? `; at ${formatCount(largest.services)} services that is ${(largest.estimate.median / largest.work.rulesVisited).toFixed(1)} ns for each rule visited`
    : "";
  return {
    id: "iptables-slope",
    headline: `Every Service adds ${value.toFixed(1)} ns to an iptables lookup`,
    sentence: `Each service adds ${value.toFixed(2)} ns [${interval.map((end) => end.toFixed(2)).join(", ")}] to an iptables lookup on average${perRule}.`,
    cells: cells.map(cellName),
    value,
    interval,
  };
}

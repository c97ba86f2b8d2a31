/** What a real cluster showed: how its connections grow with N, and how soon a change reaches them. */

import { cellId } from "../../../results/cells.js";
import { measuredPlanes, planeLabel, planeReport, shortLabel } from "../../../results/descriptors.js";
import type { Finding, Results } from "../../../results/schema.js";
import {
  atServices,
  findCell,
  type MeasuredCell,
  measuredCurve,
  selectCells,
} from "../../../results/select.js";
import { median } from "../../../stats/quantile.js";
import { formatCount, formatNs } from "../../../text.js";
import {
  formatFactor,
  formatHundredths,
  formatSpan,
  headlineFactor,
  percent,
  ratioInterval,
  twoDigits,
} from "../common.js";

/** What may still be called "at most": an interval that reaches further says nothing of use. */
const MOST_GROWTH = 1.4;

/** A cost below it is no finding: it would be 0 % in words. */
const LEAST_COST = 1.01;

/**
 * connect() at the largest N of a cluster over that at its smallest, of each plane: how much it grew, or what its interval
 * still allows. Null where that is much more, for each.
 */
export function clusterConnect(results: Results): Finding | null {
  const grown = clusterPlanes(results)
    .map((plane) => growthOf(results, plane))
    .filter((growth) => growth !== null)
    .sort((a, b) => b.value - a.value);
  const [most] = grown;
  if (most === undefined) return null;
  const [few, many] = most.cells;
  const direct = directGrowth(results, few, many);
  return {
    id: "cluster-connect",
    headline: `connect() through ${most.headline} from ${formatCount(few.services)} to ${formatCount(many.services)} Services`,
    sentence: `In a cluster, connect() ${grown.map(({ words }) => words).join("; ")}${direct === null ? "" : `; to an endpoint directly ${direct.words}`}.`,
    cells: [...grown.flatMap(({ cells }) => cells), ...(direct?.cells ?? [])].map(cellId),
    value: most.value,
    interval: most.interval,
  };
}

function growthOf(results: Results, plane: string) {
  const curve = clusterCurve(results, "connect", plane, "");
  const [few, many] = [curve[0], curve.at(-1)];
  if (few === undefined || many === undefined || few.services === many.services) return null;
  const interval = ratioInterval(many, few);
  const grew = interval[0] > 1;
  if (!grew && interval[1] > MOST_GROWTH) return null;
  const value = many.estimate.median / few.estimate.median;
  const factor = grew ? headlineFactor(value, interval) : `at most ${twoDigits(interval[1])}×`;
  return {
    headline: `${shortLabel(results, plane)} grows ${factor}`,
    words:
      `through ${planeLabel(results, plane)} takes ${formatNs(few.estimate.median)} at N = ${formatCount(few.services)} and ` +
      `${formatNs(many.estimate.median)} at ${formatCount(many.services)}, ${formatFactor(value, interval)} as long` +
      `${grew ? "" : ", so these medians show no growth"}`,
    cells: [few, many] as const,
    value,
    interval,
  };
}

/**
 * What a ClusterIP costs connect(), relative to interleaved connections to its endpoints, at the smallest and the largest N. The
 * headline is of the smallest, where few rules lie in the way of a packet to an endpoint. Null where no plane surely costs 1 % there.
 */
export function clusterService(results: Results): Finding | null {
  const costs = clusterPlanes(results)
    .map((plane) => serviceCostOf(results, plane))
    .filter((cost) => cost !== null)
    .sort((a, b) => b.relative.value - a.relative.value);
  const [most] = costs;
  if (most === undefined || most.relative.interval[0] < LEAST_COST) return null;
  const { value, interval } = most.relative;
  const services = most.services === 1 ? "1 Service" : `${formatCount(most.services)} Services`;
  return {
    id: "cluster-service",
    headline: `With ${services} a ClusterIP costs connect() ${costs.length > 1 ? "up\u00a0to\u00a0" : ""}${addedText(value, interval)} more`,
    sentence:
      `In a cluster, connect() to a Service ${costs.map(({ words }) => words).join("; ")}. The connections were interleaved. ` +
      `Packets to an endpoint meet the plane's rules as well, in iptables mode each rule of KUBE-SERVICES: where the direct connection slows down with N, the ratio is not the cost of a Service.`,
    cells: costs.flatMap(({ cells }) => cells).map(cellId),
    value,
    interval,
  };
}

/** `9 % (8–10 %)`, one word that no line breaks. */
function addedText(value: number, interval: readonly [number, number]): string {
  const [least = "", most = ""] = interval.map((end) => percent(end - 1));
  const span = least === most ? "" : ` (${least.replace(" %", "")}–${most})`;
  return `${percent(value - 1)}${span}`.replaceAll(" ", "\u00a0");
}

function serviceCostOf(results: Results, plane: string) {
  // With several nodes there are only ratios within a node, or between two (results/summarize.ts).
  const near = clusterCurve(results, "connect", plane, "same node");
  const isNear = near.length > 0;
  const curve = isNear ? near : clusterCurve(results, "connect", plane, "");
  const compared = curve.flatMap((cell) =>
    cell.relativeToBaseline === undefined ? [] : [{ cell, relative: cell.relativeToBaseline }],
  );
  const [few, many] = [compared[0], compared.at(-1)];
  if (few === undefined || many === undefined) return null;
  const ends = few === many ? [few] : [few, many];
  const directNs = ({ replicates }: MeasuredCell) => median(replicates.map(({ floorNs }) => floorNs));
  const [first, last] = ends.map(({ cell, relative: { p50 } }) => ({
    times: formatHundredths(p50, " times"),
    endpoint: formatNs(directNs(cell)),
    n: formatCount(cell.services),
  }));
  return {
    services: few.cell.services,
    relative: few.relative.p50,
    cells: ends.map(({ cell }) => cell),
    words:
      `through ${planeLabel(results, plane)} takes ${isNear ? "within a node " : ""}${first?.times} as long as to an endpoint directly (${first?.endpoint}) at N = ${first?.n}` +
      `${last === undefined ? "" : `, and ${last.times} (${last.endpoint}) at ${last.n}`}`,
  };
}

/** How long a cluster takes at its largest N until a new endpoint is reached, the old one no more, and a new Service answers. */
export function clusterProgramming(results: Results): Finding | null {
  const reached = clusterPlanes(results)
    .map((plane) => reachedOf(results, plane))
    .filter((change) => change !== null)
    .sort((a, b) => b.joined.estimate.median - a.joined.estimate.median);
  const [slowest] = reached;
  if (slowest === undefined) return null;
  const { joined } = slowest;
  return {
    id: "cluster-programming",
    headline: `At ${formatCount(joined.services)} Services ${shortLabel(results, joined.plane)} reaches a new endpoint after ${formatSpan(joined.estimate.median, joined.estimate.interval)}`,
    sentence: `In a cluster with ${formatCount(joined.services)} Services, ${reached.map(({ words }) => words).join("; ")}, counted from the API server's answer.`,
    cells: reached.flatMap(({ cells }) => cells).map(cellId),
    value: joined.estimate.median,
    interval: joined.estimate.interval,
  };
}

function reachedOf(results: Results, plane: string) {
  const joined = clusterCurve(results, "programming", plane, "").at(-1);
  if (joined === undefined) return null;
  const at = (variant: string) =>
    atServices(clusterCurve(results, "programming", plane, variant), joined.services);
  const after = ({ estimate: { median, interval } }: MeasuredCell) =>
    `after ${formatNs(median)} [${interval.map(formatNs).join(", ")}]`;
  const [left, made] = [at("leaves"), at("new")];
  return {
    joined,
    words:
      `a new endpoint gets its first connection through ${planeLabel(results, plane)} ${after(joined)}` +
      `${left === undefined ? "" : `, the replaced endpoint's last connection came ${after(left)}`}` +
      `${made === undefined ? "" : `, and a new Service answers ${after(made)}`}`,
    cells: [joined, left, made].filter((cell) => cell !== undefined),
  };
}

/** Planes of a run's cluster, without the direct connection. */
function clusterPlanes(results: Results): string[] {
  return measuredPlanes(results).filter((plane) => findCell(results, { lane: "cluster", plane }));
}

function clusterCurve(results: Results, scenario: string, plane: string, variant: string): MeasuredCell[] {
  return measuredCurve(results, { lane: "cluster", scenario, plane, variant });
}

/** The direct connection's growth between the same N. Its packets meet the plane's rules too, and match none. */
function directGrowth(results: Results, few: MeasuredCell, many: MeasuredCell) {
  const baseline = selectCells(results, { lane: "cluster" }).find(
    ({ plane }) => planeReport(results, plane).role === "baseline",
  );
  if (baseline === undefined) return null;
  const curve = clusterCurve(results, "connect", baseline.plane, "");
  const [first, last] = [atServices(curve, few.services), atServices(curve, many.services)];
  if (first === undefined || last === undefined) return null;
  const factor = formatFactor(last.estimate.median / first.estimate.median, ratioInterval(last, first));
  return { words: factor, cells: [first, last] };
}

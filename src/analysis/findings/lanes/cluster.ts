/** What a real cluster showed: how its connections grow with N, and how soon a change reaches them. */

import { cellId } from "../../../results/cells.js";
import { measuredPlanes, planeLabel, planeReport, shortLabel } from "../../../results/descriptors.js";
import type { Finding, RelativeToBaseline, Results } from "../../../results/schema.js";
import {
  atServices,
  findCell,
  type MeasuredCell,
  measuredCurve,
  selectCells,
} from "../../../results/select.js";
import { formatCount, formatNs } from "../../../text.js";
import { formatFactor, formatSpan, headlineFactor, percent, ratioInterval, twoDigits } from "../common.js";

/** What may still be called "at most": an interval that reaches further says nothing of use. */
const MOST_GROWTH = 1.4;

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
      `${grew ? "" : ", so no growth is shown"}`,
    cells: [few, many] as const,
    value,
    interval,
  };
}

/**
 * What a Service's address costs a connection, next to its endpoint's own, at the smallest and the largest N. The headline is of
 * the smallest, where few rules lie in the way of a packet that is for no Service: lists make it walk all of them.
 */
export function clusterService(results: Results): Finding | null {
  const costs = clusterPlanes(results)
    .map((plane) => serviceCostOf(results, plane))
    .filter((cost) => cost !== null)
    .sort((a, b) => b.times.value - a.times.value);
  const [most] = costs;
  if (most === undefined) return null;
  const { value, interval } = most.times;
  const services = most.services === 1 ? "1 Service" : `${formatCount(most.services)} Services`;
  return {
    id: "cluster-service",
    headline: `With ${services} ${shortLabel(results, most.plane)} adds ${addedText(value, interval)} to connect()`,
    sentence: `In a cluster, connect() to a Service ${costs.map(({ words }) => words).join("; ")}: connections took turns, and packets to endpoints meet the plane's rules as well, all of them where these are a list.`,
    cells: costs.flatMap(({ cells }) => cells).map(cellId),
    value,
    interval,
  };
}

/** `9 % (8–10 %)`, one word that no line breaks; `at most 2 %` where it may be nothing. */
function addedText(value: number, [low, high]: readonly [number, number]): string {
  const [least, most] = [low, high].map((end) => percent(end - 1));
  const text =
    low <= 1
      ? `at most ${Math.max(1, Math.ceil(100 * (high - 1)))} %`
      : `${percent(value - 1)}${least === most ? "" : ` (${least?.replace(" %", "")}–${most})`}`;
  return text.replaceAll(" ", "\u00a0");
}

function serviceCostOf(results: Results, plane: string) {
  const cells = clusterCurve(results, "connect", plane, "").filter((cell) => cell.relativeToBaseline);
  const [few, many] = [cells[0], cells.at(-1)];
  if (few?.relativeToBaseline === undefined || many === undefined) return null;
  const ends = few === many ? [few] : [few, many];
  const timesOf = (name: "p50" | "p99") =>
    ends.map(({ relativeToBaseline }) => hundredths(relativeToBaseline?.[name]));
  const [first, last] = timesOf("p50");
  const atLast = last === undefined ? "" : ` and ${last} at ${formatCount(many.services)}`;
  return {
    plane,
    services: few.services,
    times: few.relativeToBaseline.p50,
    cells: ends,
    words:
      `through ${planeLabel(results, plane)} takes ${first} as long as to an endpoint directly at N = ` +
      `${formatCount(few.services)}${atLast} (p99: ${timesOf("p99").join(" and ")})`,
  };
}

const hundredths = (times: RelativeToBaseline["p999"] = null): string =>
  times === null
    ? ""
    : `${times.value.toFixed(2)} times [${times.interval.map((end) => end.toFixed(2)).join(", ")}]`;

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

/**
 * Sentences that a run's numbers support, each with its interval. A sentence whose interval does not support it is not
 * made: no finding is better than a wrong one.
 */

import type { Cell, Finding, Results } from "../results/schema.js";
import { replicateInterval } from "../stats/bootstrap.js";
import { relativeLine } from "../stats/line.js";
import { formatCount, formatNs } from "./format.js";
import { seriesStyle } from "./theme.js";

type Measured = Cell & { estimate: NonNullable<Cell["estimate"]> };

/** Below this many different N, or a smaller spread of N, growth is not spoken of. */
const MIN_POINTS = 4;
const MIN_SPREAD = 100;
/** One replicate has no spread, and its zero-wide interval would support any sentence. */
const MIN_REPLICATES = 3;
/** A rise that matters: smaller ones are not worth a headline even when their interval excludes 1. */
const NOTABLE_RISE = 1.2;
/** Where the hash planes' rise is counted from: tables of 100 services fit the innermost caches. */
const SMALL_CLUSTER = 100;

/** All findings of a run, most telling first. Uses cells of the `lookup` scenario only. */
export function findFindings(results: Results): Finding[] {
  const cells = results.cells.filter(
    (cell): cell is Measured =>
      cell.estimate !== null && cell.scenario === "lookup" && cell.replicates.length >= MIN_REPLICATES,
  );
  const of = (plane: string) =>
    cells.filter((cell) => cell.plane === plane).sort((a, b) => a.services - b.services);
  return [
    iptablesFactor(cells),
    iptablesSlope(of("iptables"), results.run.seed),
    timeRise(of("ebpf"), results),
    constantWork([of("ebpf"), of("nftables")]),
  ].filter((finding) => finding !== null);
}

/** At the largest N that iptables shares with another plane: how many times the slowest of the others it takes. */
function iptablesFactor(cells: readonly Measured[]): Finding | null {
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

function iptablesSlope(cells: readonly Measured[], seed: number): Finding | null {
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

/** The article's "flat": constant in work, but time follows the caches. */
function timeRise(cells: readonly Measured[], results: Results): Finding | null {
  const small = cells.find((cell) => cell.services >= SMALL_CLUSTER);
  const large = cells.at(-1);
  if (!small || !large || large.services <= small.services || !sameLookups([small, large])) return null;
  const value = large.estimate.median / small.estimate.median;
  const interval = ratioInterval(large, small);
  if (interval[0] <= NOTABLE_RISE) return null;
  const label = planeLabel(large.plane);
  return {
    id: "hash-time-rise",
    headline: `${label}: constant work, but ${digits(value)} times the time`,
    sentence:
      `${label} does ${large.work!.mapLookups} map lookups at any number of services, yet takes ${digits(value)} times ` +
      `[${digits(interval[0])}, ${digits(interval[1])}] as long at ${formatCount(large.services)} services as at ${formatCount(small.services)}: ` +
      `${size(large.programBytes ?? 0)} of tables${cacheSizes(results)}.`,
    cells: [cellName(small), cellName(large)],
    value,
    interval,
  };
}

function constantWork(planes: readonly (readonly Measured[])[]): Finding | null {
  const constant = planes.filter((cells) => spreadsWidely(cells) && sameLookups(cells));
  if (constant.length === 0) return null;
  const labels = constant.map((cells) => planeLabel(cells[0]!.plane));
  const from = Math.max(...constant.map((cells) => cells[0]!.services));
  const to = Math.min(...constant.map((cells) => cells.at(-1)!.services));
  const lookups = constant.map((cells) => cells[0]!.work!.mapLookups);
  return {
    id: "work-constant",
    headline: `${labels.join(" and ")} ${labels.length > 1 ? "do" : "does"} constant work at any size`,
    sentence: `From ${formatCount(from)} to ${formatCount(to)} services a lookup costs ${labels
      .map((label, i) => `${label} ${lookups[i]} map lookups`)
      .join(" and ")}, exactly: O(1) in work.`,
    cells: constant.flat().map(cellName),
    value: lookups[0]!,
    interval: [lookups[0]!, lookups[0]!],
  };
}

function spreadsWidely(cells: readonly Measured[]): boolean {
  return cells.length >= MIN_POINTS && cells.at(-1)!.services >= MIN_SPREAD * cells[0]!.services;
}

/** Exactly the same rules and map lookups in every cell (hash probes vary with the load of a table). */
function sameLookups(cells: readonly Measured[]): boolean {
  const [first] = cells;
  return cells.every(
    ({ work }) =>
      work !== null &&
      work.mapLookups === first?.work?.mapLookups &&
      work.rulesVisited === first.work.rulesVisited,
  );
}

/** Conservative: the ends of one interval over the opposite ends of the other. */
function ratioInterval(above: Measured, below: Measured): [number, number] {
  const [aLow, aHigh] = above.estimate.interval;
  const [bLow, bHigh] = below.estimate.interval;
  return [aLow / bHigh, aHigh / bLow];
}

function cellName(cell: Cell): string {
  return `${cell.plane}/${cell.scenario}/${cell.services}`;
}

/** Two significant digits, never in exponent form. */
function digits(value: number): string {
  return formatCount(Number(value.toPrecision(2)));
}

/** `12 MiB`, `32 KiB`. */
function size(bytes: number): string {
  const [unit, divisor] = bytes >= 2 ** 20 ? ["MiB", 2 ** 20] : ["KiB", 2 ** 10];
  return `${digits(bytes / Number(divisor))} ${unit}`;
}

function cacheSizes({ environment }: Results): string {
  const sizes = Object.entries(environment.caches).map(([name, bytes]) => `${name} ${size(bytes)}`);
  return sizes.length > 0 ? ` against caches of ${sizes.join(", ")}` : "";
}

function planeLabel(plane: string): string {
  return seriesStyle(plane, "light").label;
}

/** For headlines, which have room for ten words. */
function shortLabel(plane: string): string {
  return plane === "ebpf" ? "eBPF" : plane === "ebpf-maglev" ? "Maglev" : planeLabel(plane);
}

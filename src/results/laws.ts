/** Laws of growth and crossovers of a run's planes. */

import { REPLICATES_FOR_INTERVAL } from "../stats/bootstrap.js";
import { crossovers } from "../stats/crossover.js";
import { lastDecadeExponent, steepestStretch } from "../stats/exponent.js";
import { maxOf, minOf } from "../stats/extent.js";
import { fitLaw } from "../stats/fit.js";
import type { Group } from "../stats/log-fit.js";
import type { Cell, Crossover, Fit, Replicate } from "./schema.js";
import { ascending, atServices, MIN_REPLICATES } from "./select.js";

/** Growth is not spoken of over fewer different N, or a narrower range. */
const MIN_POINTS = 4;
const MIN_SPREAD = 100;

/** Cells with enough replicates of one plane, lane and scenario, ascending in N; none where something else is varied. */
function curvesOf(cells: readonly Cell[]): Cell[][] {
  const curves = new Map<string, Cell[]>();
  for (const cell of cells) {
    if (cell.replicates.length < MIN_REPLICATES) continue;
    const key = `${cell.lane} ${cell.scenario} ${cell.plane} ${cell.variant}`;
    curves.set(key, [...(curves.get(key) ?? []), cell]);
  }
  return [...curves.values()]
    .filter((curve) => new Set(curve.map(({ services }) => services)).size === curve.length)
    .map(ascending);
}

/** A count of every replicate: exact for its trace, which is drawn. */
function workOf(curve: readonly Cell[], count: (work: Replicate["work"]) => number): Group[] {
  return curve.map(({ services, replicates }) => ({
    n: services,
    values: replicates.map(({ work }) => count(work)),
  }));
}

/** Whether there is something at every N. */
function counted(groups: readonly Group[]): boolean {
  return groups.every(({ values }) => minOf(Array.from(values)) > 0);
}

/** Fits of time and of work for each plane whose cells span enough N. */
export function fitsOf(cells: readonly Cell[], seed: number): Fit[] {
  return curvesOf(cells)
    .filter(
      (curve) => curve.length >= MIN_POINTS && curve.at(-1)!.services >= MIN_SPREAD * curve[0]!.services,
    )
    .flatMap((curve) => {
      const time = curve.map(({ services, replicates }) => ({
        n: services,
        values: replicates.map((replicate) => replicate.median),
      }));
      const steps = workOf(curve, ({ rulesVisited, mapLookups }) => rulesVisited + mapLookups);
      const probes = workOf(curve, ({ hashProbes }) => hashProbes);
      return [
        // kube-proxy 1.37 starts no nft to list its table: that takes it 0 ns, which grows by no law.
        ...(counted(time) ? [fitOf(curve, "time", time, seed)] : []),
        ...(counted(steps) ? [fitOf(curve, "steps", steps, seed)] : []),
        ...(counted(probes) ? [fitOf(curve, "probes", probes, seed)] : []),
      ];
    });
}

function fitOf(
  curve: readonly Cell[],
  quantity: Fit["quantity"],
  groups: readonly Group[],
  seed: number,
): Fit {
  const { plane, lane, scenario, variant } = curve[0]!;
  const { slopeInterval, exponent, ...fitted } = fitLaw(groups, seed);
  const { law, support, intercept, slope, worstDeviation, describes } = fitted;
  // Three replicates agreed on a law in 100 % of resamples, and on another one in the next run.
  const determined =
    quantity !== "time" || groups.every(({ values }) => values.length >= REPLICATES_FOR_INTERVAL);
  const local = quantity === "time" && determined;
  return {
    plane,
    lane,
    scenario,
    variant,
    quantity,
    law,
    support,
    intercept,
    slope: slopeInterval && { value: slope, interval: slopeInterval },
    exponent: exponent && { value: exponent.value, interval: exponent.interval },
    worstDeviation,
    describes,
    determined,
    lastDecade: local ? lastDecadeExponent(groups, seed) : null,
    steepest: local ? steepestStretch(groups, seed) : null,
    services: groups.map(({ n }) => n),
  };
}

/**
 * Where a plane overtakes another, for each pair of planes that share N and have enough replicates for an interval. None of a
 * pair that seems to cross where one of the two alone was measured in between: a straight line over that N is a guess, and the
 * other crossings of the pair would seem to be all.
 */
export function crossoversOf(cells: readonly Cell[], seed: number): Crossover[] {
  const curves = curvesOf(cells).filter((curve) =>
    curve.every(({ replicates }) => replicates.length >= REPLICATES_FOR_INTERVAL),
  );
  return curves.flatMap((a, i) =>
    curves.slice(i + 1).flatMap((b) => {
      const { lane, scenario, variant } = a[0]!;
      if (b[0]!.lane !== lane || b[0]!.scenario !== scenario || b[0]!.variant !== variant) return [];
      const medians = (cell: Cell) => cell.replicates.map((replicate) => replicate.median);
      const pairs = a.flatMap((cell) => {
        const other = atServices(b, cell.services);
        const pair = { n: cell.services, a: medians(cell), b: other ? medians(other) : [] };
        return other && minOf([...pair.a, ...pair.b]) > 0 ? [pair] : [];
      });
      const found = crossovers(pairs, seed);
      const [shared, lone] = splitSizes(a, b);
      if (found.some(({ n, interval }) => isGuessed([n, ...interval], shared, lone))) return [];
      return found.map(({ n, aLarger, interval, support }) => ({
        lane,
        scenario,
        variant,
        faster: (aLarger ? b : a)[0]!.plane,
        slower: (aLarger ? a : b)[0]!.plane,
        services: n,
        interval,
        support,
      }));
    }),
  );
}

/** The N of both curves, and those of one alone. */
function splitSizes(a: readonly Cell[], b: readonly Cell[]): [shared: number[], lone: number[]] {
  const sizes = [...new Set([...a, ...b].map(({ services }) => services))];
  const isShared = (services: number) => [a, b].every((curve) => atServices(curve, services) !== undefined);
  return [sizes.filter(isShared), sizes.filter((services) => !isShared(services))];
}

/** Whether an N of one curve alone lies in the bracket of shared N around a crossing and its interval. */
function isGuessed(crossing: readonly number[], shared: readonly number[], lone: readonly number[]): boolean {
  const below = maxOf(shared.filter((services) => services <= minOf(crossing)));
  const above = minOf(shared.filter((services) => services >= maxOf(crossing)));
  return lone.some((services) => services > below && services < above);
}

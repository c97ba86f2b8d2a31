/** Reading a run at any size: between measured sizes only, with an interval over its replicates. */

import { REPLICATES_FOR_INTERVAL, replicateInterval } from "../stats/bootstrap.js";
import { interpolate } from "../stats/line.js";
import { median } from "../stats/quantile.js";
import { MIN_EFFECT } from "./compare.js";
import type { Cell, Results } from "./schema.js";

/** A difference of less than this is none in practice: the same that `compare` wants before it calls a run slower. */
export const EQUIVALENCE_MARGIN = MIN_EFFECT;

/** A time of the model, on the machine of the run it comes from. */
export interface Prediction {
  readonly medianNs: number;
  readonly intervalNs: readonly [number, number];
  /** `ci95` over replicates; `range` of resampled medians where a cell has fewer than six. */
  readonly kind: "ci95" | "range";
  /** The run measured just this number of services; otherwise it is read off the straight line between its neighbours. */
  readonly measured: boolean;
}

/** No prediction, and why. */
export interface NoPrediction {
  readonly unavailable: string;
}

/** The timed cells of a plane and scenario of the model lane that have an interval or a range, ascending in N. */
export function curveOf({ cells }: Pick<Results, "cells">, plane: string, scenario = "lookup"): Cell[] {
  return cells
    .filter(
      (cell) =>
        cell.plane === plane &&
        cell.scenario === scenario &&
        cell.variant === "" &&
        cell.lane === "model" &&
        cell.replicates.length > 1 &&
        cell.work !== null,
    )
    .sort((a, b) => a.services - b.services);
}

const mediansOf = ({ replicates }: Cell): number[] => replicates.map((replicate) => replicate.median);

/** A number computed from medians at several sizes. */
export interface Read {
  readonly value: number;
  readonly interval: readonly [number, number];
  readonly kind: "ci95" | "range";
}

/**
 * A statistic of a curve's times at these numbers of services, which must lie within the curve, bootstrapped over its
 * replicates. `statistic` gets one time for each.
 */
export function readCurve(
  curve: readonly Cell[],
  services: readonly number[],
  statistic: (times: readonly number[]) => number,
  seed: number,
): Read {
  const n = curve.map((cell) => cell.services);
  const medians = curve.map(mediansOf);
  const at = (values: readonly number[]) => statistic(services.map((size) => interpolate(n, values, size)));
  return {
    value: at(medians.map(median)),
    interval: replicateInterval(medians, at, seed),
    kind: kindOf(medians),
  };
}

const kindOf = (medians: readonly (readonly number[])[]): Read["kind"] =>
  Math.min(...medians.map(({ length }) => length)) < REPLICATES_FOR_INTERVAL ? "range" : "ci95";

/**
 * The median lookup of a plane at N services of a run, for a packet that visits `rulesVisited` rules where given. A list's
 * time is taken as a constant (its time at the run's smallest N, less the rules there) and a price a rule at this N, which
 * caches decide: t(N) scaled by rules over the run's mean. Outside the run's sizes there is none: curves bend there.
 */
export function predictLookup(
  results: Results,
  plane: string,
  services: number,
  rulesVisited: number | null = null,
): Prediction | NoPrediction {
  const curve = curveOf(results, plane);
  const [first] = curve;
  const last = curve.at(-1);
  if (!first || !last) return { unavailable: `the run has no lookups of ${plane} with two replicates` };
  if (services < first.services || services > last.services) {
    return { unavailable: `the run measured ${plane} from ${first.services} to ${last.services} services` };
  }
  const n = curve.map((cell) => cell.services);
  const rules = curve.map((cell) => cell.work!.rulesVisited);
  const statistic = (medians: readonly number[]): number => {
    const time = interpolate(n, medians, services);
    if (rulesVisited === null) return time;
    const usual = interpolate(n, rules, services);
    const [few, base] = [rules[0]!, medians[0]!];
    // At the smallest N nothing tells the price of a rule from the constant: the next size does.
    const perRule =
      usual > few ? (time - base) / (usual - few) : (medians[1]! - base) / ((rules[1] ?? Number.NaN) - few);
    return base + perRule * (rulesVisited - few);
  };
  const medians = curve.map(mediansOf);
  const medianNs = statistic(medians.map(median));
  if (!(medianNs > 0)) return { unavailable: `the run has too few sizes to price a rule of ${plane}` };
  return {
    medianNs,
    intervalNs: replicateInterval(medians, statistic, results.run.seed),
    kind: kindOf(medians),
    measured: n.includes(services) && rulesVisited === null,
  };
}

/** How two planes' lookups compare at one size. */
export interface LookupRatio {
  /** First over second: above 1 the first is slower. */
  readonly ratio: number;
  readonly interval: readonly [number, number];
  readonly kind: "ci95" | "range";
  /**
   * `slower`, `faster`: by more than the margin, with the whole interval. `equal`: the whole interval lies within the margin.
   * `not told apart`: neither is known; more replicates might tell.
   */
  readonly verdict: "slower" | "faster" | "equal" | "not told apart";
}

/** The ratio of two planes' medians at N services of a run, bootstrapped over both; null where one was not measured there. */
export function compareLookups(
  results: Results,
  first: string,
  second: string,
  services: number,
): LookupRatio | null {
  const curves = [first, second].map((plane) => curveOf(results, plane));
  const [a, b] = curves.map((curve) => curve.map((cell) => cell.services));
  const medians = curves.flat().map(mediansOf);
  const statistic = (values: readonly number[]): number =>
    interpolate(a!, values.slice(0, a!.length), services) /
    interpolate(b!, values.slice(a!.length), services);
  const ratio = statistic(medians.map(median));
  if (!Number.isFinite(ratio)) return null;
  const interval = replicateInterval(medians, statistic, results.run.seed);
  const most = 1 + EQUIVALENCE_MARGIN;
  const verdict =
    interval[0] > most
      ? "slower"
      : interval[1] < 1 / most
        ? "faster"
        : interval[0] >= 1 / most && interval[1] <= most
          ? "equal"
          : "not told apart";
  return { ratio, interval, kind: kindOf(medians), verdict };
}

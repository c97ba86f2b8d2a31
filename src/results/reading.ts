/** Reading a run at any size: between measured sizes only, with an interval over its replicates. */

import { REPLICATES_FOR_INTERVAL, replicateInterval } from "../stats/bootstrap.js";
import { minOf } from "../stats/extent.js";
import { interpolate } from "../stats/line.js";
import { median } from "../stats/quantile.js";
import { MIN_EFFECT } from "./runs/compare.js";
import type { Cell, Results } from "./schema.js";
import { ascending, selectCells } from "./select.js";

/** A smaller difference does not matter in practice: the same that `compare` wants before it calls a run slower. */
export const EQUIVALENCE_MARGIN = MIN_EFFECT;

/** The timed cells of a plane and scenario of the model lane that have an interval or a range, ascending in N. */
export function curveOf(run: Pick<Results, "cells">, plane: string, scenario = "lookup"): Cell[] {
  const cells = selectCells(run, { lane: "model", scenario, plane, variant: "" });
  return ascending(cells.filter(({ replicates, work }) => replicates.length > 1 && work !== null));
}

/** Median of each replicate of a cell. */
export const mediansOf = ({ replicates }: Cell): number[] => replicates.map((replicate) => replicate.median);

/** A number computed from medians at several sizes. */
export interface CurveReading {
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
): CurveReading {
  const n = curve.map((cell) => cell.services);
  const medians = curve.map(mediansOf);
  const at = (values: readonly number[]) => statistic(services.map((size) => interpolate(n, values, size)));
  return {
    value: at(medians.map(median)),
    interval: replicateInterval(medians, at, seed),
    kind: kindOf(medians),
  };
}

/** What the interval of these cells' replicates is. */
export const kindOf = (medians: readonly (readonly number[])[]): CurveReading["kind"] =>
  minOf(medians.map(({ length }) => length)) < REPLICATES_FOR_INTERVAL ? "range" : "ci95";

/** How two planes' lookups compare at one size. */
export interface LookupRatio {
  /** First over second: above 1 the first is slower. */
  readonly ratio: number;
  readonly interval: readonly [number, number];
  readonly kind: "ci95" | "range";
  /**
   * `slower`, `faster`: by more than the margin, with the whole interval. `equal`: the whole interval lies within the margin.
   * `inconclusive`: neither is known; more replicates might tell.
   */
  readonly verdict: "slower" | "faster" | "equal" | "inconclusive";
}

/**
 * The ratio of two planes' medians at N services of a run, bootstrapped over both; null where one was not measured there.
 *
 * @param results Results of a run with the scenario `lookup`.
 * @param first Id of the plane above the line.
 * @param second Id of the plane below the line.
 * @param services N.
 * @returns The ratio with its 95 % confidence interval, or null.
 * @example
 * ```ts
 * import { compareLookups, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * const ratio = compareLookups(run, "iptables", "ebpf", 1000);
 * console.log(ratio?.verdict, ratio?.interval);
 * ```
 */
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
          : "inconclusive";
  return { ratio, interval, kind: kindOf(medians), verdict };
}

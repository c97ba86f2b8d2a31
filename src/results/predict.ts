/** Times read off a run for a cluster of another size, or for a packet that visits other rules than its mean one. */

import { intervalOf, RESAMPLES, replicateInterval, resampleReplicates } from "../stats/bootstrap.js";
import { minOf } from "../stats/extent.js";
import { interpolate } from "../stats/line.js";
import { median, quantileSorted } from "../stats/quantile.js";
import { curveOf, kindOf, mediansOf } from "./reading.js";
import type { Cell, Results } from "./schema.js";

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

/** What rules cost at one size of a list: `of` is exact in the rules, the price has the run's uncertainty. */
export interface RulePrice {
  readonly perRuleNs: number;
  /**
   * The lookup of a packet that visits this many rules.
   *
   * @param rulesVisited Rules on its way, 0 or more.
   * @returns Nanoseconds, with the interval of the price.
   */
  of(rulesVisited: number): Prediction;
}

/**
 * The median lookup of a plane at N services of a run, for a packet that visits `rulesVisited` rules where given. Outside
 * the run's sizes there is none: curves bend there.
 *
 * @param results Results of a run with the scenario `lookup`.
 * @param plane Id of a plane.
 * @param services N, within the sizes of the run.
 * @param rulesVisited Rules on the way of the packet; null: those of the mean packet.
 * @returns Nanoseconds with an interval, or the reason why there is no prediction.
 * @example
 * ```ts
 * import { predictLookup, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * const predicted = predictLookup(run, "iptables", 2500);
 * console.log("medianNs" in predicted ? predicted.medianNs : predicted.unavailable);
 * ```
 */
export function predictLookup(
  results: Results,
  plane: string,
  services: number,
  rulesVisited: number | null = null,
): Prediction | NoPrediction {
  if (rulesVisited !== null) {
    const price = priceRules(results, plane, services);
    if ("unavailable" in price) return price;
    const prediction = price.of(rulesVisited);
    return prediction.medianNs > 0 ? prediction : tooFewSizes(plane);
  }
  const curve = curveAround(results, plane, services);
  if ("unavailable" in curve) return curve;
  const n = curve.map((cell) => cell.services);
  const medians = curve.map(mediansOf);
  const statistic = (values: readonly number[]): number => interpolate(n, values, services);
  return {
    medianNs: statistic(medians.map(median)),
    intervalNs: replicateInterval(medians, statistic, results.run.seed),
    kind: kindOf(medians),
    measured: n.includes(services),
  };
}

/**
 * The price of a rule of a list at N services of a run. A list's time is taken as a constant (its time at the run's
 * smallest N, less the rules there) and a price per rule at this N, which caches decide: its time there over its mean rules.
 *
 * @param results Results of a run with the scenario `lookup`.
 * @param plane Id of a plane whose services are a list.
 * @param services N, within the sizes of the run.
 * @returns Nanoseconds of the constant part and per rule, or the reason why there is no price.
 * @example
 * ```ts
 * import { priceRules, readResults } from "lbscale/results";
 *
 * const price = priceRules(readResults("results/default"), "iptables", 1000);
 * console.log("perRuleNs" in price ? price.perRuleNs : price.unavailable);
 * ```
 */
export function priceRules(results: Results, plane: string, services: number): RulePrice | NoPrediction {
  const curve = curveAround(results, plane, services);
  if ("unavailable" in curve) return curve;
  const n = curve.map((cell) => cell.services);
  const rules = curve.map((cell) => cell.work!.rulesVisited);
  const usual = interpolate(n, rules, services);
  const few = rules[0]!;
  const perRule = (times: readonly number[]): number =>
    // At the smallest N nothing tells the price of a rule from the constant: the next size does.
    usual > few
      ? (interpolate(n, times, services) - times[0]!) / (usual - few)
      : (times[1]! - times[0]!) / ((rules[1] ?? Number.NaN) - few);
  const medians = curve.map(mediansOf);
  const times = medians.map(median);
  const perRuleNs = perRule(times);
  if (Number.isNaN(perRuleNs)) return tooFewSizes(plane);

  const bases = new Float64Array(RESAMPLES);
  const prices = new Float64Array(RESAMPLES);
  resampleReplicates(medians, results.run.seed, (drawn, resample) => {
    const resampled = drawn.map((values) => quantileSorted(values.sort(), 0.5));
    bases[resample] = resampled[0]!;
    prices[resample] = perRule(resampled);
  });
  const fewest = minOf(medians.map(({ length }) => length));
  const kind = kindOf(medians);
  return {
    perRuleNs,
    of: (rulesVisited) => ({
      medianNs: times[0]! + perRuleNs * (rulesVisited - few),
      intervalNs: intervalOf(
        bases.map((base, i) => base + prices[i]! * (rulesVisited - few)),
        0.95,
        fewest,
      ),
      kind,
      measured: false,
    }),
  };
}

function tooFewSizes(plane: string): NoPrediction {
  return { unavailable: `the run has too few sizes to price a rule of ${plane}` };
}

/** The lookups of a plane, where the run's sizes hold this one. */
function curveAround(results: Results, plane: string, services: number): Cell[] | NoPrediction {
  const curve = curveOf(results, plane);
  const [first] = curve;
  const last = curve.at(-1);
  if (!first || !last) return { unavailable: `the run has no lookups of ${plane} with two replicates` };
  if (services < first.services || services > last.services) {
    return { unavailable: `the run measured ${plane} from ${first.services} to ${last.services} Services` };
  }
  return curve;
}

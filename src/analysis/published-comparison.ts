/** A run compared with published measurements: shapes, which carry over between machines, and not times, which don't. */

import { type PublishedSeries, REFERENCES, type Reference } from "../reference/index.js";
import { claimant, claimants } from "../results/descriptors.js";
import { type CurveReading, curveOf, readCurve } from "../results/reading.js";
import type { Cell, Results } from "../results/schema.js";
import { atServices } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { interpolate } from "../stats/line.js";
import { formatCount } from "../text.js";
import { countedGrowth, rulesPerService } from "./published-counts.js";
import type { PublishedShape, Shape } from "./published-shape.js";

/** A published data set and a run: what `compareWith` returns. */
export interface PublishedComparison {
  readonly reference: Reference;
  /** The number of the run that it is compared with. */
  readonly scenario: string;
  readonly shapes: readonly Shape[];
  /** Shares of the time at most services that are there at the fewest already, published and in the run, by label. */
  readonly constantParts: readonly {
    readonly label: string;
    readonly published: number;
    readonly run: number | null;
  }[];
  /** Rules a lookup visits more for each service: as the source says or implies, and in the run (exact). */
  readonly rulesPerService: {
    readonly published: { readonly value: number; readonly basis: string } | null;
    readonly run: number | null;
  };
}

/** What else the sources say about rules; the basis is given where they do not print the number. */
const VISITED: Readonly<Record<string, { readonly value: number; readonly basis: string }>> = {
  "cilium-1.6": {
    value: 4,
    basis: "the blog lists 4 rules per NodePort Service; if the tested Service is last",
  },
  "kubernetes-nftables": {
    value: 0.5,
    basis: "one rule per Service, and half of them before the median packet's",
  },
  tigera: { value: 2, basis: "its chart has about 20,000 rules executed at 10,000 Services" },
  tke: {
    value: 1,
    basis: "its KUBE-SERVICES grows from 5,011 to 30,003 rules; if the tested Service is last",
  },
  "tke-time": {
    value: 1,
    basis: "its KUBE-SERVICES grows from 5,011 to 30,003 rules; if the tested Service is last",
  },
};

/** Rates that saturate several cores: a request takes all of them for 1 / rate. */
const CORES: Readonly<Record<string, number>> = { tke: 4, "tke-time": 4 };

/** Requests take choices, so they are compared with a lookup; anything else is named here. */
const SCENARIOS: Readonly<Record<string, string>> = {
  "flftuu-add-rule": "update",
  "huawei-add-rule": "update",
  "huawei-add-ipvs": "update",
  "eks-sync": "sync",
};

const MIDDLES: readonly string[] = ["p50", "median", "mean"];

const NS: Readonly<Record<string, number>> = { µs: 1e3, ms: 1e6 };
const RATE = "requests/s";

/**
 * Compares a run with every published data set that has a services axis.
 *
 * @param run Results of the run.
 * @returns One comparison per data set.
 * @example
 * ```ts
 * import { againstReferences, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * for (const { reference, shapes } of againstReferences(run)) console.log(reference.title, shapes.length);
 * ```
 */
export function againstReferences(run: Results): PublishedComparison[] {
  return REFERENCES.map((reference) => compareWith(reference, run));
}

/**
 * Compares a run with one published data set, shape by shape.
 *
 * @param reference The published data set.
 * @param run Results of the run.
 * @returns Shapes of both with intervals, and whether they agree.
 * @example
 * ```ts
 * import { compareWith, readResults, referenceById } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * for (const shape of compareWith(referenceById("tigera")!, run).shapes) console.log(shape);
 * ```
 */
export function compareWith(reference: Reference, run: Results): PublishedComparison {
  const scenario = SCENARIOS[reference.id] ?? "lookup";
  const visited = VISITED[reference.id] ?? null;
  const lists = claimants(run, "list");
  const list = reference.series.find(({ plane }) => lists.includes(plane));
  // Tails grow differently from medians: they enter the ratios only.
  const sides = reference.series
    .filter(({ statistic }) => statistic === undefined || MIDDLES.includes(statistic))
    .map((series) => sideOf(series, reference, run, scenario));
  return {
    reference,
    scenario,
    shapes: [
      ...sides.flatMap((side) => shapesOf(side, run, visited?.value ?? null)),
      ...percentileShapes(reference, run),
    ],
    constantParts: scenario === "lookup" ? sides.map(constantPart) : [],
    rulesPerService: {
      published: visited,
      run: list && scenario === "lookup" ? rulesPerService(curveOf(run, list.plane), list.points) : null,
    },
  };
}

/** One published series as times or counts that grow with cost, and the run's curve for it. */
interface Side {
  readonly series: PublishedSeries;
  readonly plane: string;
  readonly scenario: string;
  readonly services: readonly number[];
  /** Published values: nanoseconds of a core where the unit is a time or a rate, the value as it is elsewhere. */
  readonly values: readonly number[];
  readonly error: number | null;
  readonly timed: boolean;
  readonly curve: readonly Cell[];
  /** Why the run has nothing to compare with; null where it does. */
  readonly missing: string | null;
}

function sideOf(series: PublishedSeries, reference: Reference, run: Results, scenario: string): Side {
  // Tigera's third series is both planes with keepalive: later packets.
  const keepalive = series.plane === "keepalive";
  const [plane, own] = keepalive ? [claimant(run, "list"), "established"] : [series.plane, scenario];
  const { unit, error } = reference;
  const scale = (NS[unit] ?? 1) * (CORES[reference.id] ?? 1);
  const curve = own === "update" ? [] : curveOf(run, plane, own);
  const [low, high] = [curve[0]?.services ?? 0, curve.at(-1)?.services ?? -1];
  const known = series.points.filter(({ services }) => services >= low && services <= high);
  const missing =
    own === "update"
      ? null
      : curve.length === 0
        ? `the run did not measure ${own} of ${plane} in two replicates`
        : known.length < 2
          ? `the run measured ${plane} from ${formatCount(low)} to ${formatCount(high)} Services`
          : null;
  const points = missing === null && own !== "update" ? known : series.points;
  return {
    series,
    plane,
    scenario: own,
    services: points.map(({ services }) => services),
    values: points.map(({ value }) => (unit === RATE ? (1e9 / value) * scale : value * scale)),
    error: error === null || unit === RATE ? null : error * scale,
    timed: unit in NS || unit === RATE,
    curve,
    missing,
  };
}

function shapesOf(side: Side, run: Results, visited: number | null): Shape[] {
  const { services, values, error, curve, plane, series, timed, scenario } = side;
  const [from, to] = [services[0]!, services.at(-1)!];
  const [first, last] = [values[0]!, values.at(-1)!];
  const e = error ?? 0;
  const span = to - from;
  const low = minOf(values);
  const high = maxOf(values);
  const ends = [from, to];
  const shape = (
    quantity: Shape["quantity"],
    value: number,
    interval: readonly [number, number],
    read: () => CurveReading,
  ): Shape => {
    const published = { value, interval: error === null ? null : interval };
    const own = side.missing === null ? read() : { unavailable: side.missing };
    return {
      quantity,
      plane,
      label: series.label,
      from,
      to,
      published,
      run: own,
      verdict: verdictOf(published, own),
    };
  };
  const growth = shape("growth", last / first, [(last - e) / (first + e), (last + e) / (first - e)], () =>
    readCurve(curve, ends, ([a, b]) => b! / a!, run.run.seed),
  );
  if (scenario === "update") {
    return [{ ...growth, ...countedGrowth(run, plane, from, to, growth.published, verdictOf) }];
  }
  const slope = (per: number, of: "slope" | "slope per rule", ownPer: number): Shape =>
    shape(
      of,
      (last - first) / span / per,
      [(last - first - 2 * e) / span / per, (last - first + 2 * e) / span / per],
      () => readCurve(curve, ends, ([a, b]) => (b! - a!) / span / ownPer, run.run.seed),
    );
  const ownVisited = rulesPerService(curve, side.series.points) ?? Number.NaN;
  const list = claimants(run, "list").includes(plane) && scenario === "lookup";
  return [
    growth,
    ...(timed && list ? [slope(1, "slope", 1)] : []),
    ...(timed && list && visited !== null && ownVisited > 0
      ? [slope(visited, "slope per rule", ownVisited)]
      : []),
    ...(timed && !list && scenario !== "sync"
      ? [
          shape("flatness", high / low, [Math.max(1, (high - e) / (low + e)), (high + e) / (low - e)], () =>
            readCurve(curve, services, (times) => maxOf(times) / minOf(times), run.run.seed),
          ),
        ]
      : []),
  ];
}

/** p99 over p50 of single packets, at each number of services that is published and that the run measured. */
function percentileShapes(reference: Reference, run: Results): Shape[] {
  const { series, error, unit } = reference;
  const scale = NS[unit] ?? 1;
  const planes = [...new Set(series.map(({ plane }) => plane))];
  return planes.flatMap((plane) => {
    const of = (statistic: string) =>
      series.find((candidate) => candidate.plane === plane && candidate.statistic === statistic);
    const [p50, p99] = [of("p50"), of("p99")];
    if (!p50 || !p99) return [];
    const curve = curveOf(run, plane);
    return p99.points.flatMap(({ services, value }): Shape[] => {
      const middle = p50.points.find((point) => point.services === services)?.value;
      if (middle === undefined) return [];
      const [high, base, e] = [value * scale, middle * scale, (error ?? 0) * scale];
      const published = {
        value: high / base,
        interval: error === null ? null : ([(high - e) / (base + e), (high + e) / (base - e)] as const),
      };
      const cell = atServices(curve, services);
      const own = ownPercentiles(cell, plane, services);
      const verdict = verdictOf(published, own);
      return [
        {
          quantity: "p99 / p50",
          plane,
          label: plane,
          from: services,
          to: services,
          published,
          run: own,
          verdict,
        },
      ];
    });
  });
}

/** Conservative, as the findings are: the ends of one interval over the opposite ends of the other. */
function ownPercentiles(cell: Cell | undefined, plane: string, services: number): Shape["run"] {
  if (!cell) return { unavailable: `the run did not measure ${plane} at ${formatCount(services)} Services` };
  if (!cell.percentiles) return { unavailable: cell.percentilesReason ?? "single lookups were not timed" };
  const { p50, p99 } = cell.percentiles;
  return {
    value: p99.value / p50.value,
    interval: [p99.interval[0] / p50.interval[1], p99.interval[1] / p50.interval[0]],
    kind: "ci95",
  };
}

function constantPart({ series, services, values, curve, missing }: Side) {
  const n = curve.map((cell) => cell.services);
  const medians = curve.map((cell) => cell.estimate?.median ?? Number.NaN);
  const at = (size: number) => interpolate(n, medians, size);
  const share = at(services[0]!) / at(services.at(-1)!);
  return {
    label: series.label,
    published: values[0]! / values.at(-1)!,
    run: missing === null && Number.isFinite(share) ? share : null,
  };
}

function verdictOf({ value, interval }: PublishedShape, own: Shape["run"]): Shape["verdict"] {
  if ("unavailable" in own) return null;
  const [low, high] = interval ?? [value, value];
  if (own.interval[0] > high) return "run higher";
  return own.interval[1] < low ? "run lower" : "alike";
}

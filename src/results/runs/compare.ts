/**
 * Is HEAD slower than BASE? One test per plane over all its N, corrected for the number of planes.
 *
 * Replicates of one run are no independent sample of "this code on this machine": two runs of the same code differ by more
 * than replicates within them do, because neighbours and memory speed change between runs. A permutation test over
 * replicates takes that for an effect. A change of the clock rate, which shifts all cells alike, shows in the empty loop and
 * is refused. What is left differs from cell to cell: each N gives one effect (log ratio of the runs'
 * medians, at equal speed of memory or core), and the planes' effects are combined with the heterogeneity
 * that they show among themselves.
 */

import { clampedSlope } from "../../stats/covariate.js";
import { combineEffects, detectableEffect, type Effect, holm, tailAbove } from "../../stats/effects.js";
import { median } from "../../stats/quantile.js";
import { cellId, exceedsL2 } from "../cells.js";
import type { Described } from "../descriptors.js";
import type { Cell, Replicate, Results } from "../schema.js";
import { MIN_REPLICATES } from "../select.js";

/** Slower by less than this is not called a regression. */
export const MIN_EFFECT = 0.05;
const ALPHA = 0.05;
/** Probability with which the printed detectable effect is found. */
const POWER = 0.95;
/** A cell's effect is known no better than this, however well its replicates agree. */
const MIN_ERROR = 0.005;
const MAX_CLOCK_SHIFT = 0.03;

/** The test of one plane over all its N. */
export interface PlaneComparison {
  readonly plane: string;
  readonly lane: string;
  readonly scenario: string;
  readonly variant: string;
  /** HEAD over BASE: above 1 is slower. */
  readonly ratio: number;
  readonly interval: [number, number];
  /** p of "not slower by 5 % or more" and of "not faster by 5 % or more", each Holm-adjusted over planes. */
  readonly slowerP: number;
  readonly fasterP: number;
  /** The ratio that would be found slower in 95 % of such comparisons. */
  readonly detectable: number;
  readonly verdict: "slower" | "faster" | "no difference";
  /** The cells that both runs measured. */
  readonly cells: readonly {
    readonly services: number;
    readonly endpoints: number;
    readonly ratio: number;
  }[];
}

/** Two runs compared, plane by plane. */
export interface RunComparison {
  readonly minEffect: number;
  readonly planes: readonly PlaneComparison[];
  /** Cells that only one run has, or that have a time of 0, which is no part of a ratio, by name. */
  readonly unmatched: readonly string[];
  readonly regression: boolean;
  /** How the compared planes are shown: as HEAD says, then BASE. */
  readonly described: Described;
}

/**
 * Compares what both runs measured. Planes with fewer than two common cells are left out, as `unmatched` says.
 *
 * @param base Results before.
 * @param head Results after.
 * @returns One test per plane: ratio (above 1 is slower), interval, detectable effect, verdict.
 * @example
 * ```ts
 * import { compareRuns, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * for (const { plane, ratio, verdict } of compareRuns(run, run).planes) console.log(plane, ratio, verdict);
 * ```
 */
export function compareRuns(base: Results, head: Results): RunComparison {
  const keyOf = (cell: Cell) => `${cell.lane} ${cellId(cell)}`;
  const measured = (cell: Cell) => cell.replicates.length >= MIN_REPLICATES;
  const others = new Map(head.cells.filter(measured).map((cell) => [keyOf(cell), cell]));
  const groups = new Map<string, { base: Cell; head: Cell }[]>();
  const matched = new Set<string>();
  for (const cell of base.cells.filter(measured)) {
    const other = others.get(keyOf(cell));
    if (!other || !isPositive([cell, other], conditionOf(cell, base))) continue;
    const group = `${cell.lane} ${cell.scenario} ${cell.plane} ${cell.variant}`;
    groups.set(group, [...(groups.get(group) ?? []), { base: cell, head: other }]);
  }
  for (const [group, pairs] of groups) {
    if (pairs.length < 2) groups.delete(group);
    else for (const pair of pairs) matched.add(keyOf(pair.base));
  }
  const tested = [...groups.values()].map((pairs) => {
    const effects = pairs.map((pair) =>
      cellEffect(pair.base.replicates, pair.head.replicates, conditionOf(pair.base, base)),
    );
    return { pairs, effects, combined: combineEffects(effects) };
  });
  const least = Math.log(1 + MIN_EFFECT);
  const slower = holm(tested.map(({ combined }) => tailAbove(least, combined)));
  const faster = holm(
    tested.map(({ combined }) => tailAbove(least, { ...combined, value: -combined.value })),
  );
  const planes = tested.map(({ pairs, effects, combined }, i): PlaneComparison => {
    const { plane, lane, scenario, variant } = pairs[0]!.base;
    // The half-width that a two-sided test at 5 % would need: what is found half of the time from zero.
    const half = detectableEffect(0, combined, ALPHA / 2, 0.5);
    const slowerP = slower[i]!;
    const fasterP = faster[i]!;
    return {
      plane,
      lane,
      scenario,
      variant,
      ratio: Math.exp(combined.value),
      interval: [Math.exp(combined.value - half), Math.exp(combined.value + half)],
      slowerP,
      fasterP,
      // Holm's first step: as if this plane were the only slow one.
      detectable: Math.exp(detectableEffect(least, combined, ALPHA / tested.length, POWER)),
      verdict: slowerP < ALPHA ? "slower" : fasterP < ALPHA ? "faster" : "no difference",
      cells: pairs.map((pair, c) => ({
        services: pair.base.services,
        endpoints: pair.base.endpoints,
        ratio: Math.exp(effects[c]!.value),
      })),
    };
  });
  return {
    minEffect: MIN_EFFECT,
    planes,
    unmatched: [
      ...new Set([...base.cells, ...head.cells].filter((cell) => !matched.has(keyOf(cell))).map(cellId)),
    ],
    regression: planes.some(({ verdict }) => verdict === "slower"),
    described: {
      planes: { ...base.planes, ...head.planes },
      scenarios: { ...base.scenarios, ...head.scenarios },
    },
  };
}

/** Whether a ratio can be formed: a program may spend no time at all on a part, and 0 has no logarithm. */
function isPositive(cells: readonly Cell[], condition: Condition): boolean {
  return cells.every(({ replicates }) =>
    replicates.every((replicate) => replicate.median > 0 && replicate[condition] > 0),
  );
}

/** What a replicate measures of the machine while it times. */
type Condition = "chaseNs" | "floorNs";

/**
 * The condition that a cell's times follow: what lies in a core's own caches, the rate of the core (the empty loop), all
 * else, the speed of memory. A small cell must not follow the chase: what it varies with there is chance, and moves it by
 * 10 % where the chase differs between two runs by half.
 */
function conditionOf(cell: Cell, { environment }: Results): Condition {
  // No empty loop runs with single timings: their floor is the clock's.
  const batches = cell.lane === "model" && cell.replicates.every(({ checkedBatches }) => checkedBatches > 0);
  return batches && !exceedsL2(cell, environment) ? "floorNs" : "chaseNs";
}

/**
 * Log ratio of two runs' medians of one cell at equal conditions. The slope of log time on log condition is estimated within
 * runs (both centred), so that a difference between the runs does not enter it.
 */
export function cellEffect(
  base: readonly Replicate[],
  head: readonly Replicate[],
  condition: Condition,
): Effect {
  const runs = [base, head].map((replicates) => {
    const times = replicates.map((replicate) => Math.log(replicate.median));
    const conditions = replicates.map((replicate) => Math.log(replicate[condition]));
    return { times, conditions };
  });
  const centred = (values: readonly number[]) => values.map((value) => value - mean(values));
  const slope = clampedSlope(
    runs.flatMap(({ conditions }) => centred(conditions)),
    runs.flatMap(({ times }) => centred(times)),
  );
  const [before, after] = runs.map(({ times, conditions }) => {
    const moved = times.map((time, i) => time - slope * conditions[i]!);
    // A median's variance is pi/2 times a mean's for normal values.
    return { middle: median(moved), variance: ((Math.PI / 2) * variance(moved)) / moved.length };
  });
  return {
    value: after!.middle - before!.middle,
    variance: Math.max(MIN_ERROR ** 2, before!.variance + after!.variance),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((total, value) => total + (value - middle) ** 2, 0) / (values.length - 1);
}

/**
 * Reasons why two runs can't be compared, in words; empty where they can.
 *
 * @param base Results before.
 * @param head Results after.
 * @returns One sentence per reason.
 * @example
 * ```ts
 * import { incomparable, readResults } from "lbscale/results";
 *
 * const [base, head] = ["default", "article"].map((id) => readResults(`results/${id}`));
 * console.log(incomparable(base!, head!));
 * ```
 */
export function incomparable(base: Results, head: Results): string[] {
  const differ = (what: string, a: unknown, b: unknown) =>
    JSON.stringify(a) === JSON.stringify(b) ? [] : [`${what}: ${show(a)} and ${show(b)}`];
  const machine = ({ environment: e }: Results) => `${e.cpu}, ${e.cores} cores`;
  const both = (results: Results) => ({ ...results.run.settings, slowdown: undefined });
  const common = Object.keys(base.cluster.digests).filter((n) => n in head.cluster.digests);
  return [
    ...(base.run.complete ? [] : ["BASE is not complete"]),
    ...(head.run.complete ? [] : ["HEAD is not complete"]),
    ...differ("machine", machine(base), machine(head)),
    ...differ("caches", base.environment.caches, head.environment.caches),
    ...differ("pinning", base.environment.pinnedCpu !== null, head.environment.pinnedCpu !== null),
    ...differ("Node", base.environment.node, head.environment.node),
    ...differ("V8 flags", base.environment.execArgv, head.environment.execArgv),
    ...differ("seed", base.run.seed, head.run.seed),
    ...differ("entry", base.run.entry, head.run.entry),
    ...differ("clients of planes", entriesOf(base), entriesOf(head)),
    ...differ("settings", both(base), both(head)),
    ...(common.every((n) => base.cluster.digests[n] === head.cluster.digests[n]) ? [] : ["clusters differ"]),
    ...clockReasons(base, head),
    ...(compareRuns(base, head).planes.length > 0
      ? []
      : ["no plane has two numbers of Services with three replicates in both"]),
  ];
}

/** Planes whose flows don't enter where the run's others do. */
function entriesOf({ cells, planes = {} }: Results): string[] {
  const measured = new Set(cells.map(({ plane }) => plane));
  return [...measured].filter((plane) => planes[plane]?.entry !== undefined).sort();
}

/**
 * The empty loop touches no memory: where it takes longer, the clock rate changed (turbo, governor, a busy sibling
 * thread), and every plane with it. Between runs of one machine it moves by less than 1 %.
 */
function clockReasons(base: Results, head: Results): string[] {
  const [before, after] = [base, head].map(({ cells }) =>
    median(cells.flatMap(({ replicates }) => replicates.map(({ floorNs }) => floorNs))),
  );
  const shift = after! / before! - 1;
  return Math.abs(shift) > MAX_CLOCK_SHIFT
    ? [
        `clock rate: the empty loop takes ${(100 * shift).toFixed(1)} % ${shift > 0 ? "more" : "less"} in HEAD`,
      ]
    : [];
}

function show(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What large services cost, by exact counts of rules and the times next to them. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { isMeasured, type MeasuredCell, selectCells } from "../../results/select.js";
import { formatCount, formatNs } from "../../text.js";
import { ratioInterval, twoDigits } from "./common.js";

/** Fewer endpoints at the far end show nothing. */
const MIN_SPREAD = 10;

/** Ends of one plane's curve over E: the cells with the fewest and the most endpoints. */
interface Ends {
  readonly few: MeasuredCell;
  readonly many: MeasuredCell;
  /** Rules visited more for each endpoint more, exact. */
  readonly rulesPerEndpoint: number;
}

function endsOf(results: Results, variant: string): Ends[] {
  const planes = new Map<string, MeasuredCell[]>();
  for (const cell of selectCells(results, { lane: "model", scenario: "endpoints", variant })) {
    if (isMeasured(cell) && cell.work) planes.set(cell.plane, [...(planes.get(cell.plane) ?? []), cell]);
  }
  return [...planes.values()].flatMap((cells) => {
    const sorted = cells.sort((a, b) => a.endpoints - b.endpoints);
    const [few, many] = [sorted[0]!, sorted.at(-1)!];
    if (many.endpoints < MIN_SPREAD * few.endpoints) return [];
    const rules = (cell: Cell) => cell.work!.rulesVisited;
    return [{ few, many, rulesPerEndpoint: (rules(many) - rules(few)) / (many.endpoints - few.endpoints) }];
  });
}

/** Statistic chains try half of the endpoints on average: (E + 1)/2 rules. */
export function statisticChains(results: Results): Finding | null {
  const list = claimant(results, "list");
  const name = planeLabel(results, list);
  const walked = endsOf(results, "").find(
    ({ many, rulesPerEndpoint }) => many.plane === list && within(rulesPerEndpoint, 0.5),
  );
  if (!walked) return null;
  const { few, many } = walked;
  return {
    id: "endpoints",
    headline: `${name} tries half of a Service's endpoints, one by one`,
    sentence: `With ${formatCount(many.endpoints)} endpoints a lookup in ${name} visits ${formatCount(many.work!.rulesVisited)} rules, half a rule more for each endpoint, and takes ${against(few, many)}.`,
    ...restsOn(few, many),
  };
}

/** Affinity tests every endpoint for a client that comes for the first time. */
export function affinityIsLinear(results: Results): Finding | null {
  const linear = endsOf(results, "affinity").filter(({ rulesPerEndpoint }) => rulesPerEndpoint > 0.9);
  const [first] = linear;
  if (!first) return null;
  const planes = linear.map(({ many }) => planeLabel(results, many.plane)).join(" and ");
  return {
    id: "endpoints-affinity",
    headline: `With affinity, new clients cost O(E) in ${planes}`,
    sentence:
      `With ClientIP affinity a new client is looked up at each endpoint in ${planes}: ` +
      `${linear.map(({ few, many }) => `${planeLabel(results, many.plane)} takes ${against(few, many)}`).join("; ")}.`,
    ...restsOn(first.few, first.many),
    cells: linear.flatMap(({ few, many }) => [cellId(few), cellId(many)]),
  };
}

const within = (value: number, wanted: number): boolean => Math.abs(value / wanted - 1) < 0.1;

function against(few: MeasuredCell, many: MeasuredCell): string {
  const [low, high] = ratioInterval(many, few);
  const times = many.estimate.median / few.estimate.median;
  return (
    `${formatNs(many.estimate.median)} with ${formatCount(many.endpoints)} endpoints, ${twoDigits(times)} times ` +
    `[${twoDigits(low)}, ${twoDigits(high)}] the ${formatNs(few.estimate.median)} with ${formatCount(few.endpoints)}`
  );
}

function restsOn(few: MeasuredCell, many: MeasuredCell): Pick<Finding, "cells" | "value" | "interval"> {
  return {
    cells: [cellId(few), cellId(many)],
    value: many.estimate.median / few.estimate.median,
    interval: ratioInterval(many, few),
  };
}

/** Exact counts of a run that are compared with published times: rules on the way, and what a change writes. */

import type { Cell, Results } from "../results/schema.js";
import { ascending, selectCells } from "../results/select.js";
import { interpolate } from "../stats/line.js";
import type { PublishedShape, Shape } from "./published-shape.js";

/**
 * Rules that a lookup visits more for each service, over the published sizes within the run; null where fewer than two are.
 * Half a rule for each cluster IP: the mean place is the middle.
 */
export function rulesPerService(
  curve: readonly Cell[],
  points: readonly { readonly services: number }[],
): number | null {
  const n = curve.map((cell) => cell.services);
  const rules = curve.map((cell) => cell.work!.rulesVisited);
  const within = points
    .map(({ services }) => services)
    .filter((services) => services >= n[0]! && services <= n.at(-1)!);
  const [from, to] = [within[0], within.at(-1)];
  if (from === undefined || to === undefined || to <= from) return null;
  return (interpolate(n, rules, to) - interpolate(n, rules, from)) / (to - from);
}

/** How the bytes that one joining endpoint hands to the kernel grow: a legacy table is replaced whole. Exact. */
export function countedGrowth(
  run: Results,
  plane: string,
  from: number,
  to: number,
  published: PublishedShape,
  verdictOf: (published: PublishedShape, own: Shape["run"]) => Shape["verdict"],
): Pick<Shape, "run" | "verdict"> {
  const curve = ascending(
    selectCells(run, { plane, scenario: "update" }).filter(
      ({ counts }) => counts?.["join bytes"] !== undefined,
    ),
  );
  const n = curve.map((cell) => cell.services);
  const bytes = curve.map((cell) => cell.counts!["join bytes"]!);
  const value = curve.length > 0 ? interpolate(n, bytes, to) / interpolate(n, bytes, from) : Number.NaN;
  const own: Shape["run"] = Number.isFinite(value)
    ? { value, interval: [value, value], kind: "ci95" }
    : {
        unavailable:
          curve.length === 0
            ? `the run counted no update of ${plane}: measure the scenario update`
            : `the run counted ${plane} from ${n[0]} to ${n.at(-1)} Services`,
      };
  return { run: own, verdict: verdictOf(published, own) };
}

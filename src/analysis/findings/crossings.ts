/** Where a plane overtakes the rule list. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Finding, Results } from "../../results/schema.js";
import { atServices, type MeasuredCell, selectCells } from "../../results/select.js";
import { maxOf, minOf } from "../../stats/extent.js";
import { formatCount } from "../../text.js";
import { possessive, rivalsOf } from "./common.js";

/**
 * One finding for each plane that overtakes the rule list within the measured range, and stays ahead: a pair that crosses more
 * than once is left out, and so is a plane that a pod's connections do not use. The interval is that of the crossover.
 */
export function overtakings(cells: readonly MeasuredCell[], results: Results): Finding[] {
  const list = claimant(results, "list");
  const name = planeLabel(results, list);
  const rivals = rivalsOf(results, list);
  const pairs = results.crossovers.filter(({ lane, scenario }) => lane === "model" && scenario === "lookup");
  return pairs
    .filter(
      ({ faster, slower }) =>
        slower === list &&
        rivals.includes(faster) &&
        !pairs.some((other) => other.slower === faster && other.faster === list),
    )
    .map(({ faster, services, interval }) => {
      const own = selectCells(cells, { plane: list });
      const others = selectCells(cells, { plane: faster }).filter(({ services }) =>
        atServices(own, services),
      );
      const shared = others.map((cell) => cell.services);
      const below = maxOf(shared.filter((at) => at <= services));
      const above = minOf(shared.filter((at) => at >= services));
      const between =
        below === above
          ? ""
          : ` (on a straight line between the measured ${formatCount(below)} and ${formatCount(above)})`;
      const n = (value: number) => formatCount(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
      return {
        id: `overtakes-${faster}`,
        headline: `Modelled ${name} lookups cost more than ${possessive(shortLabel(results, faster))} beyond ${n(services)} Services`,
        sentence: `${planeLabel(results, faster)} overtakes ${name} at ${n(services)} Services [${interval.map(n).join(", ")}]${between}; with fewer, ${name} is faster, in a model that leaves out its filter rules.`,
        cells: [...own.filter((cell) => shared.includes(cell.services)), ...others].map(cellId),
        value: services,
        interval: [interval[0], interval[1]],
      };
    });
}

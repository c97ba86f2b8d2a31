/** Where a plane overtakes iptables. */

import { cellId } from "../../results/cells.js";
import type { Finding, Results } from "../../results/schema.js";
import { formatCount } from "../../text.js";
import { type Measured, planeLabel } from "./common.js";

/**
 * One finding for each plane that overtakes iptables within the measured range, and stays ahead: a pair that crosses more
 * than once is left out. The interval is that of the crossover.
 */
export function overtakings(cells: readonly Measured[], { crossovers }: Results): Finding[] {
  const pairs = crossovers.filter(({ lane, scenario }) => lane === "model" && scenario === "lookup");
  return pairs
    .filter(
      ({ faster, slower }) =>
        slower === "iptables" &&
        !pairs.some((other) => other.slower === faster && other.faster === "iptables"),
    )
    .map(({ faster, services, interval }) => {
      const iptables = cells.filter(({ plane }) => plane === "iptables");
      const rivals = cells.filter(
        (cell) => cell.plane === faster && iptables.some((other) => other.services === cell.services),
      );
      const shared = rivals.map((cell) => cell.services);
      const below = Math.max(...shared.filter((at) => at <= services));
      const above = Math.min(...shared.filter((at) => at >= services));
      const between =
        below === above
          ? ""
          : `, straight between the measured ${formatCount(below)} and ${formatCount(above)}`;
      const n = (value: number) => formatCount(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
      return {
        id: `overtakes-${faster}`,
        headline: `${planeLabel(faster)} overtakes iptables at ${n(services)} Services`,
        sentence: `${planeLabel(faster)} overtakes iptables at ${n(services)} services [${interval.map(n).join(", ")}]${between}; with fewer iptables is faster.`,
        cells: [...iptables.filter((cell) => shared.includes(cell.services)), ...rivals].map(cellId),
        value: services,
        interval: [interval[0], interval[1]],
      };
    });
}

/** Where a plane overtakes iptables. */

import type { Finding, Results } from "../../results/schema.js";
import { formatCount } from "../format.js";
import { planeLabel } from "./common.js";

/** One finding a plane that overtakes iptables within the measured range; the interval is that of the crossover. */
export function overtakings({ crossovers, cells }: Results): Finding[] {
  return crossovers
    .filter(
      ({ slower, lane, scenario }) => slower === "iptables" && lane === "model" && scenario === "lookup",
    )
    .map(({ faster, services, interval }) => {
      const n = (value: number) => formatCount(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
      const shared = cells
        .filter(
          ({ plane, lane: of, scenario: what }) => plane === faster && of === "model" && what === "lookup",
        )
        .map((cell) => cell.services);
      const below = Math.max(...shared.filter((at) => at <= services));
      const above = Math.min(...shared.filter((at) => at >= services));
      const between =
        below === above
          ? ""
          : `, straight between the measured ${formatCount(below)} and ${formatCount(above)}`;
      const sentence = `${planeLabel(faster)} overtakes iptables at ${n(services)} services [${interval.map(n).join(", ")}]${between}`;
      return {
        id: `overtakes-${faster}`,
        headline: `${planeLabel(faster)} overtakes iptables at ${n(services)} Services`,
        sentence: `${sentence}; with fewer iptables is faster.`,
        cells: cells
          .filter(
            ({ plane, lane, scenario }) =>
              [faster, "iptables"].includes(plane) && lane === "model" && scenario === "lookup",
          )
          .map(({ plane, scenario, services: at }) => `${plane}/${scenario}/${at}`),
        value: services,
        interval,
      };
    });
}

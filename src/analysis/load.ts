/**
 * The article's "operational load": CPU time that connections and endpoint changes cost together, from the cells of one
 * run. Derived, not measured: connections a second times the median of `connect`, and changes a second times that of
 * `update`. The interval's ends are the sums of the two intervals' ends: wider than a 95 % interval of the sum.
 */

import type { Cell, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";

export const CONNECTIONS_PER_SECOND = 1000;
export const CHANGES_PER_SECOND = 1;

export interface Load {
  readonly plane: string;
  readonly services: number;
  /** CPU time in nanoseconds for each second. */
  readonly ns: number;
  readonly interval: readonly [number, number];
  /** The part that changes cost. */
  readonly changesNs: number;
  readonly connect: Cell;
  readonly change: Cell;
}

/** Load of every plane at every N that has both, ascending in N. */
export function loadsOf(results: Results): Load[] {
  const of = (scenario: string, variant: string) =>
    selectCells(results, { lane: "model", scenario, variant }).filter(({ estimate }) => estimate !== null);
  const changes = of("update", "change");
  return of("connect", "")
    .flatMap((connect) => {
      const change = selectCells(changes, { plane: connect.plane, services: connect.services }).find(
        ({ endpoints }) => endpoints === connect.endpoints,
      );
      if (!change) return [];
      const sum = (a: number, b: number) => CONNECTIONS_PER_SECOND * a + CHANGES_PER_SECOND * b;
      const [first, write] = [connect.estimate!, change.estimate!];
      return [
        {
          plane: connect.plane,
          services: connect.services,
          ns: sum(first.median, write.median),
          interval: [
            sum(first.interval[0], write.interval[0]),
            sum(first.interval[1], write.interval[1]),
          ] as const,
          changesNs: CHANGES_PER_SECOND * write.median,
          connect,
          change,
        },
      ];
    })
    .sort((a, b) => a.services - b.services);
}

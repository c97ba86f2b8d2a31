/**
 * Attempts at a replicate: where another tenant of the machine keeps the core's other thread busy, it is measured again.
 *
 * On a shared host that comes and goes by the second: the empty loop takes 1.6 times as long then, and so does a lookup in
 * a small table (76 or 130 ns). A median of such replicates says how busy the neighbours were. What is wanted is the time
 * on a core of one's own, so the condition is checked, as one checks a thermometer: by the empty loop between the batches
 * alone, never by the time of a lookup, so that no result is chosen for what it is. Attempts that were measured again stay in
 * the results, counted and out of every estimate.
 */

import type { Cell, Results } from "../results/schema.js";

/** An empty loop this much slower than the fastest of the run was noisy. Quiet ones differ by some 5 %. */
const NOISY = 1.25;
/** The last attempt counts, however noisy. */
export const MAX_ATTEMPTS = 3;
/** Share of the run's budget that repeating may take: in a busy hour a run still ends. Several scenarios fill theirs. */
const SHARE_OF_BUDGET = { one: 0.3, several: 0.1 } as const;

/** Least empty loop of a scenario's replicates so far, nanoseconds; infinite before the first. */
function quietestNs(cells: readonly Cell[], scenario: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (const cell of cells) {
    if (cell.scenario !== scenario) continue;
    for (const { floorNs } of [...cell.replicates, ...cell.disturbed]) least = Math.min(least, floorNs);
  }
  return least;
}

/** Whether an attempt at a cell is to be measured again. Only batches have an empty loop next to them. */
export function isNoisy(
  { run, cells }: Results,
  { scenario }: Pick<Cell, "scenario">,
  attempt: { readonly floorNs: number; readonly checkedBatches: number },
): boolean {
  if (run.budgetSeconds === null || attempt.checkedBatches === 0) return false;
  const repeatedMs = cells.reduce(
    (sum, { disturbed }) => sum + disturbed.reduce((own, { wallMs }) => own + wallMs, 0),
    0,
  );
  const several = cells.some((cell) => cell.scenario !== scenario);
  const share = SHARE_OF_BUDGET[several ? "several" : "one"];
  return (
    repeatedMs < share * run.budgetSeconds * 1000 && attempt.floorNs > NOISY * quietestNs(cells, scenario)
  );
}

/** In which states the CPUs of a live cluster's nodes were while they were idle, as facts of cells. Pure. */

import { maxOf, minOf } from "../../stats/extent.js";
import { formatNs, plainText } from "../../text.js";
import type { Cell } from "../schema.js";

/** A state of idle CPUs, as Linux names it: `POLL`, `C6`. */
interface IdleState {
  readonly name: string;
  /** How long a CPU takes to leave it. */
  readonly exitUs: number;
  /** How long CPUs were in it, summed over them. */
  readonly spentUs: number;
}

const SHARE = "share of idle time in ";
const EXIT = "exit latency ns of ";

/**
 * @param states Of one node or of several, which may have the same.
 * @returns Facts of a cell: each state's share of all idle time, and its exit latency. Empty where no CPU was idle in any.
 */
export function idleFacts(states: readonly IdleState[]): Cell["facts"] {
  const all = states.reduce((sum, { spentUs }) => sum + spentUs, 0);
  if (all === 0) return {};
  return Object.fromEntries(
    [...new Set(states.map(({ name }) => name))].flatMap((name) => {
      const same = states.filter((state) => state.name === name);
      const spent = same.reduce((sum, { spentUs }) => sum + spentUs, 0);
      return [
        [`${SHARE}${name}`, Number((spent / all).toFixed(3))],
        [`${EXIT}${name}`, maxOf(same.map(({ exitUs }) => exitUs)) * 1000],
      ];
    }),
  );
}

/**
 * `POLL 91 to 99 %, C6 (exit latency 133 µs) 1 to 9 %`: over all cells, the smallest and the largest share of each state that
 * has half a per cent of one of them. Null: no cell has such facts.
 */
export function idleWords(cells: readonly Pick<Cell, "facts">[]): string | null {
  const withStates = cells.filter(({ facts }) => namesOf(facts).length > 0);
  const words = [...new Set(withStates.flatMap(({ facts }) => namesOf(facts)))].flatMap((name) => {
    const percent = withStates.map(({ facts }) => Math.round(100 * numberOf(facts, SHARE + name)));
    const [least, most] = [minOf(percent), maxOf(percent)];
    if (most === 0) return [];
    const exitNs = maxOf(withStates.map(({ facts }) => numberOf(facts, EXIT + name)));
    const latency = exitNs === 0 ? "" : ` (exit latency ${formatNs(exitNs)})`;
    return [`${plainText(name, 40)}${latency} ${least === most ? least : `${least} to ${most}`} %`];
  });
  return words.length === 0 ? null : words.join(", ");
}

const namesOf = (facts: Cell["facts"]): string[] =>
  Object.keys(facts).flatMap((key) => (key.startsWith(SHARE) ? [key.slice(SHARE.length)] : []));

/** A state that a cell does not have is one in which no CPU was. */
function numberOf(facts: Cell["facts"], key: string): number {
  const value = facts[key];
  return typeof value === "number" ? value : 0;
}

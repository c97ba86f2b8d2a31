/** What addresses that change all the time make each control plane write: exact counts. */

import { cellId } from "../../results/cells.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { formatCount } from "../../text.js";
import { planeLabel, shortLabel } from "./common.js";

/** Written for one endpoint that joins, without what the sync always writes: must not grow with N to be called flat. */
const written = ({ counts }: Cell): number | null => {
  const parts = ["join rules", "join chains", "join map writes"].map((name) => counts?.[name]);
  return parts.every((part) => part !== undefined) ? parts.reduce((sum, part) => sum! + part!, 0)! : null;
};

/** iptables rewrites a rule for each service, also in a partial sync; the article's hash maps write a few entries. */
export function updatesGrow({ cells }: Results): Finding | null {
  const curve = (plane: string) =>
    cells
      .filter(
        (cell) =>
          cell.plane === plane &&
          cell.scenario === "update" &&
          cell.lane === "model" &&
          written(cell) !== null,
      )
      .sort((a, b) => a.services - b.services);
  const iptables = curve("iptables");
  const [few, many] = [iptables[0], iptables.at(-1)];
  if (!few || !many || many.services < 100 * few.services) return null;
  const grown = written(many)! - written(few)!;
  if (grown < many.services - few.services) return null;
  const flat = ["ebpf", "ebpf-maglev", "nftables", "ipvs"].flatMap((plane) => {
    const line = curve(plane);
    const counts = new Set(line.map(written));
    return counts.size === 1 && line.length > 1 ? [{ cell: line.at(-1)!, count: written(line[0]!)! }] : [];
  });
  const [first] = flat;
  if (!first) return null;
  const rules = many.counts!["join rules"]!;
  return {
    id: "update",
    headline: `A new endpoint rewrites ${formatCount(rules)} iptables rules, ${first.count} ${shortLabel(first.cell.plane)} entries`,
    sentence:
      `When one endpoint joins at ${formatCount(many.services)} services, iptables writes ${formatCount(rules)} rules even in a partial sync; ` +
      `${flat.map(({ cell, count }) => `${planeLabel(cell.plane)} ${formatCount(count)}`).join(", ")} rules, chains and map entries at any N.`,
    cells: [cellId(few), cellId(many), ...flat.map(({ cell }) => cellId(cell))],
    value: rules,
    interval: [rules, rules],
  };
}

/** What addresses that change all the time make each control plane write: exact counts. */

import { cellId } from "../../results/cells.js";
import { claimant, measuredPlanes, planeLabel, shortLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { ascending, selectCells } from "../../results/select.js";
import { formatCount } from "../../text.js";
import { possessive } from "./common.js";

/** Written for one endpoint that joins, without what the sync always writes: must not grow with N to be called flat. */
const written = ({ counts }: Cell): number | null => {
  const parts = ["join rules", "join chains", "join map writes"].map((name) => counts?.[name]);
  return parts.every((part) => part !== undefined) ? parts.reduce((sum, part) => sum! + part!, 0)! : null;
};

/** The rule list rewrites a rule for each service, also in a partial sync; the article's hash maps write a few entries. */
export function updatesGrow(results: Results): Finding | null {
  const curve = (plane: string) =>
    ascending(
      selectCells(results, { lane: "model", scenario: "update", plane }).filter(
        (cell) => written(cell) !== null,
      ),
    );
  const plane = claimant(results, "list");
  const name = planeLabel(results, plane);
  const list = curve(plane);
  const [few, many] = [list[0], list.at(-1)];
  if (!few || !many || many.services < 100 * few.services) return null;
  const grown = written(many)! - written(few)!;
  if (grown < many.services - few.services) return null;
  const others = measuredPlanes(results).filter((other) => other !== plane);
  const flat = others.flatMap((other) => {
    const line = curve(other);
    const counts = new Set(line.map(written));
    return counts.size === 1 && line.length > 1 ? [{ cell: line.at(-1)!, count: written(line[0]!)! }] : [];
  });
  const [first] = flat;
  if (!first) return null;
  const rules = many.counts!["join rules"]!;
  const issued = flat
    .flatMap(({ cell }) => {
      const operations = cell.counts!["join operations"];
      return operations === undefined
        ? []
        : [
            `, for which ${possessive(planeLabel(results, cell.plane))} agent issues ${formatCount(operations)} map operations`,
          ];
    })
    .join("");
  return {
    id: "update",
    headline: `New endpoint, ${formatCount(many.services)} Services: ${formatCount(rules)} ${name} rules, ${first.count} ${shortLabel(results, first.cell.plane)} entries`,
    sentence:
      `When one endpoint joins at ${formatCount(many.services)} services, ${name} is handed ${formatCount(rules)} rules even in a partial sync; ` +
      `${flat.map(({ cell, count }) => `${planeLabel(results, cell.plane)} ${formatCount(count)}`).join(", ")} rules, chains and map entries at any N${issued}. These are counts of what differs or is handed over, not times: a control plane may also read its tables back first, and write what is equal.`,
    cells: [cellId(few), cellId(many), ...flat.map(({ cell }) => cellId(cell))],
    value: rules,
    interval: [rules, rules],
  };
}

/** What addresses that change all the time make each control plane write: exact counts. */

import { cellId } from "../../results/cells.js";
import { claimant, measuredPlanes, planeLabel, planeReport, shortLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { ascending, selectCells } from "../../results/select.js";
import { countOf, formatCount } from "../../text.js";

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
  const [handed, differing] = [true, false].map((isHanded) =>
    [many, ...flat.map(({ cell }) => cell)]
      .filter((cell) => isHandedOver(results, cell) === isHanded)
      .map((cell) => `${planeLabel(results, cell.plane)} ${wordsOf(results, cell)}`),
  );
  return {
    id: "update",
    headline: `New endpoint, ${formatCount(many.services)} Services: ${formatCount(rules)} ${name} rules, ${first.count} ${shortLabel(results, first.cell.plane)} entries`,
    sentence: [
      `One endpoint joins at ${formatCount(many.services)} Services.`,
      `Handed over: ${handed!.join("; ")}.`,
      ...(differing!.length > 0 ? [`Map entries that differ: ${differing!.join(", ")}.`] : []),
      "Only the rules grow with N. These are counts, not times: a control plane may also read its tables back first.",
    ].join(" "),
    cells: [cellId(few), cellId(many), ...flat.map(({ cell }) => cellId(cell))],
    value: rules,
    interval: [rules, rules],
  };
}

/** Whether a plane's control plane hands all of it over, as kube-proxy does: then it has rules, chains or a list of services. */
function isHandedOver(results: Results, { plane, counts, facts }: Cell): boolean {
  if (facts.kubeProxy !== undefined || planeReport(results, plane).structure === "buckets") return true;
  return counts!["join rules"]! + counts!["join chains"]! > 0;
}

/** `1 rule, 1 chain and 5 map elements`, `1 destination`, `3 (its agent issues 13 operations)`. */
function wordsOf(results: Results, cell: Cell): string {
  const count = (part: string) => cell.counts![`join ${part}`]!;
  if (!isHandedOver(results, cell)) {
    const issued = cell.counts!["join operations"];
    return `${formatCount(count("map writes"))}${issued === undefined ? "" : ` (its agent issues ${formatCount(issued)} operations)`}`;
  }
  const written = planeReport(results, cell.plane).structure === "buckets" ? "destination" : "map element";
  const parts = [
    [count("rules"), "rule"],
    [count("chains"), "chain"],
    [count("map writes"), written],
  ] as const;
  return listed(parts.flatMap(([number, noun]) => (number > 0 ? [countOf(number, noun)] : [])));
}

/** `a`, `a and b`, `a, b and c`. */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

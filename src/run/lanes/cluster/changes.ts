/** How soon a cluster's nodes followed changes, as replicates. Pure: no clock, no process, no network. */

import type { Changed, ChangeKind } from "../../../cluster-lane/changes/changes.js";
import type { Cell, Results } from "../../../results/schema.js";
import { noted } from "../../../results/summarize.js";
import { median } from "../../../stats/quantile.js";
import { formatNs } from "../../../text.js";
import { emptyReplicate } from "../replicate.js";

/** Cells of changes: the plain variant of `programming` is a replaced endpoint's first answer. */
export const CHANGE_CELLS: Readonly<Record<ChangeKind, Pick<Cell, "scenario" | "variant">>> = {
  joins: { scenario: "programming", variant: "" },
  leaves: { scenario: "programming", variant: "leaves" },
  new: { scenario: "programming", variant: "new" },
  sync: { scenario: "sync", variant: "" },
};
/** A clock's error is spoken of where it is this share of a result. */
const ERROR_SHARE = 0.1;

/** Adds what was measured at one N to its cells. Every change is a replicate, with a time of each node. */
export function addChanged(
  results: Results,
  services: number,
  { times, clockErrorNs, lost }: Changed,
  { seed, names }: { readonly seed: number; readonly names: boolean },
): void {
  const nodes = [...new Set(times.map(({ node }) => node))].sort();
  for (const [kind, { scenario, variant }] of Object.entries(CHANGE_CELLS)) {
    const own = times.filter((time) => time.kind === kind);
    const index = results.cells.findIndex(
      (cell) => cell.scenario === scenario && cell.variant === variant && cell.services === services,
    );
    const cell = results.cells[index];
    if (!cell || own.length === 0) continue;
    const seen = own.flatMap(({ ns, ...time }) => (ns === null ? [] : [{ ...time, ns }]));
    // Nodes that follow the same change are not independent of each other.
    for (const block of new Set(seen.map((time) => time.block))) {
      const ns = seen.filter((time) => time.block === block).map((time) => time.ns);
      cell.replicates.push({
        ...emptyReplicate(0),
        ...{ samples: ns, median: median(ns), wallMs: Math.round(Math.max(...ns) / 1e6) },
        singles: { ns, visited: [] },
        ...{ block, order: block * results.cells.length + index, seed },
      });
    }
    const byNode = nodes.map((node, i) => ({
      name: names ? node : `node ${i + 1}`,
      ns: seen.filter((time) => time.node === node).map((time) => time.ns),
    }));
    const errorNs = Math.max(0, ...clockErrorNs.values());
    cell.facts = {
      ...cell.facts,
      clockErrorNs: errorNs,
      slowestNs: Math.max(0, ...seen.map(({ ns }) => ns)),
      ...Object.fromEntries(
        byNode.filter(({ ns }) => ns.length > 0).map(({ name, ns }) => [`${name} p50 ns`, median(ns)]),
      ),
    };
    const unseen = own.length - seen.length;
    const middle = median(seen.map(({ ns }) => ns));
    cell.warnings.push(
      ...[
        unseen > 0 &&
          noted(`${unseen} of ${own.length} changes did not reach a node in time: they are in no time`),
        lost > 0 && noted(`${lost} changes were lost, because the API server or a stream to a pod failed`),
        errorNs > ERROR_SHARE * middle &&
          noted(
            `the clocks of pods and of this machine agree to ${formatNs(errorNs)}, and half the times are below ${formatNs(middle)}`,
          ),
      ].filter((warning) => warning !== false),
    );
  }
}

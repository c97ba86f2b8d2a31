/** Whether a trie's depth depends on the addresses, by exact counts of nodes. */

import { cellId } from "../../results/cells.js";
import { claimant, planeLabel } from "../../results/descriptors.js";
import type { Cell, Finding, Results } from "../../results/schema.js";
import { selectCells } from "../../results/select.js";
import { formatCount } from "../../text.js";

/** Random and sequential addresses are as deep as each other within a tenth. */
const EQUAL_WITHIN = 1.1;

/** A path-compressed trie is about log₂ N deep, whichever bits differ: order of addresses is no axis of its work. */
export function trieAddresses(results: Results): Finding | null {
  const trie = claimant(results, "trie");
  const cells = selectCells(results, { lane: "model", scenario: "addresses" }).filter(
    ({ plane, work }) => plane === trie && work !== null,
  );
  const of = (variant: string, services: number) =>
    cells.find((cell) => cell.variant === variant && cell.services === services);
  const pairWith = (variant: string): readonly [Cell, Cell] | undefined =>
    cells
      .filter((cell) => cell.variant === variant)
      .sort((a, b) => b.services - a.services)
      .flatMap((cell) => {
        const random = of("random addresses", cell.services);
        return random ? [[random, cell] as const] : [];
      })[0];
  const ordered = pairWith("sequential addresses");
  if (!ordered) return null;
  const [random, sequential] = ordered;
  const value = sequential.work!.hashProbes / random.work!.hashProbes;
  if (Math.max(value, 1 / value) > EQUAL_WITHIN) return null;
  const ports = pairWith("NodePorts");
  const visits = (cell: Cell) => cell.work!.hashProbes.toFixed(1);
  return {
    id: "trie-addresses",
    headline: "A trie's depth follows N, not the addresses",
    sentence:
      `At ${formatCount(random.services)} services ${planeLabel(results, trie)} visits ${visits(random)} nodes and entries where cluster IPs are random and ${visits(sequential)} where they are sequential.` +
      (ports
        ? ` At ${formatCount(ports[0].services)} it visits ${visits(ports[1])} for a NodePort and ${visits(ports[0])} for a cluster IP: each NodePort has frontends of its own next to its Service's cluster IP.`
        : ""),
    cells: [...ordered, ...(ports ?? [])].map(cellId).filter((id, i, all) => all.indexOf(id) === i),
    value,
    interval: [value, value],
  };
}

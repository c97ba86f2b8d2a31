/** The trie next to the hash table in the kernel's own maps, and where the models rank the two otherwise. */

import { cellId } from "../../../results/cells.js";
import { claimant, planeLabel, shortLabel } from "../../../results/descriptors.js";
import type { Finding, Results } from "../../../results/schema.js";
import { atServices, type MeasuredCell, measuredCurve } from "../../../results/select.js";
import { formatCount, formatNs } from "../../../text.js";
import { possessive, ratioInterval } from "../common.js";

interface Pair {
  readonly trie: MeasuredCell;
  readonly hash: MeasuredCell;
}

/**
 * Which of the two has the lower median at every N, in the kernel's maps. Null where the order changes with N, and where
 * their intervals meet at each.
 */
export function kernelLookups(results: Results): Finding | null {
  const pairs = pairsOf(results, "kernel");
  const last = pairs.at(-1);
  if (!last || pairs.length < 2) return null;
  const order = orderOf(last);
  if (!pairs.every((pair) => orderOf(pair) === order)) return null;
  const [lower, higher] = order > 0 ? (["trie", "hash"] as const) : (["hash", "trie"] as const);
  const apart = pairs.filter((pair) => ratioInterval(pair[higher], pair[lower])[0] > 1);
  if (apart.length === 0) return null;
  const name = (which: keyof Pair) => planeLabel(results, last[which].plane);
  const medians = pairs.map(
    (pair) =>
      `${formatNs(pair[lower].estimate.median)} and ${formatNs(pair[higher].estimate.median)} at N = ${formatCount(pair.trie.services)}`,
  );
  const differing = pairsOf(results, "model").filter(
    (pair) =>
      orderOf(pair) === -order &&
      atServices(
        pairs.map(({ trie }) => trie),
        pair.trie.services,
      ),
  );
  const models =
    differing.length === 0
      ? ""
      : ` In the models ${name(higher)} has the lower median at N = ${sizes(differing)}.`;
  return {
    id: "kernel-lookup",
    headline: `Kernel lookups: ${possessive(shortLabel(results, last[lower].plane))} median is lower at every N`,
    sentence:
      `In the kernel's own maps (lbscale's BPF programs under BPF_PROG_TEST_RUN) ${name(lower)} has a lower median lookup than ${name(higher)} at every N: ` +
      `${medians.join(", ")}; their intervals are apart at N = ${sizes(apart)}.${models}`,
    cells: pairs.flatMap(({ trie, hash }) => [cellId(trie), cellId(hash)]),
    value: last[lower].estimate.median / last[higher].estimate.median,
    interval: ratioInterval(last[lower], last[higher]),
  };
}

function pairsOf(results: Results, lane: "model" | "kernel"): Pair[] {
  const of = (plane: string) => measuredCurve(results, { lane, scenario: "lookup", plane, variant: "" });
  const hashes = of(claimant(results, "hash"));
  return of(claimant(results, "trie")).flatMap((trie) => {
    const hash = atServices(hashes, trie.services);
    return hash ? [{ trie, hash }] : [];
  });
}

/** Above 0: the trie has the lower median. */
const orderOf = ({ trie, hash }: Pair): number => Math.sign(hash.estimate.median - trie.estimate.median);

const sizes = (pairs: readonly Pair[]): string =>
  pairs.map(({ trie }) => formatCount(trie.services)).join(", ");

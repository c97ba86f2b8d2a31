/** lb4_source_range: whom a frontend lets in, by its rev_nat id and the client's address, in the kernel's trie. */

import type { Cluster } from "../../../cluster/cluster.js";
import { LpmTrie } from "../../shared/lpm/trie.js";
import { RANGE_STATIC_BITS } from "../cilium-flags.js";

/** The whole key, rev_nat id and address. In ipcache a family stands where the id does. */
export const LOOKUP_BITS = 64;

/**
 * First word of a key: rev_nat_index in network byte order, then padding. Beyond 65,535 frontends, where Cilium has no ids,
 * the model keeps the upper bits there.
 */
export function rangeId(revNat: number): number {
  return (revNat << 16) | (revNat >>> 16);
}

/** Prefix lengths and addresses of a service's ranges, each once. */
function rangesOf(cluster: Cluster, s: number): readonly (readonly [base: number, length: number])[] {
  const ranges = new Map<string, readonly [number, number]>();
  for (let r = cluster.rangeStart[s]!; r < cluster.rangeStart[s + 1]!; r++) {
    const range = [cluster.rangeBase[r]!, cluster.rangePrefixLength[r]!] as const;
    ranges.set(range.join(), range);
  }
  return [...ranges.values()];
}

export interface RangeEntry {
  readonly revNat: number;
  readonly base: number;
  readonly prefixLength: number;
}

/** Ranges of every frontend in the order of their ids: all of a service's have them, whichever has the flag that reads them. */
export function* rangeEntries(cluster: Cluster, frontendPort: Int32Array): Iterable<RangeEntry> {
  if (cluster.rangeBase.length === 0) return;
  for (const [frontend, p] of frontendPort.entries()) {
    for (const [base, prefixLength] of rangesOf(cluster, cluster.service[p]!)) {
      yield { revNat: frontend + 1, base, prefixLength };
    }
  }
}

/** The trie of these entries. */
export function rangeTrie(entries: Iterable<RangeEntry>, maxEntries: number): LpmTrie {
  const trie = new LpmTrie(maxEntries, 16, "raise bpf-lb-map-max");
  for (const { revNat, base, prefixLength } of entries) {
    trie.update(rangeId(revNat), base | 0, 0, RANGE_STATIC_BITS + prefixLength);
  }
  return trie;
}

/**
 * Memory of Cilium's maps, as the kernel accounts for it (htab_map_mem_usage in kernel/bpf/hashtab.c, which bpftool
 * shows as memlock). By default elements are taken as they are needed, from slabs (Helm's `bpf.preallocateMaps: false`).
 */

import type { Family } from "../../cluster/family.js";
import type { MemoryLine } from "../plane.js";
import { type LpmTrie, NODE_WORDS } from "../shared/lpm/trie.js";
import { BUCKET_WORDS, elementSizes, OUTER_WORDS, SLAB_WORDS } from "./layout.js";
import { powerOfTwo } from "./maps/htab.js";

/** sizeof(struct bpf_htab) on x86-64: an empty map of 65,536 takes 1,049,472 bytes on Linux 6.18. */
const HEADER_BYTES = 896;
/** Each element is counted with the list node that the allocator (kernel/bpf/memalloc.c) puts in front of it. */
const LIST_NODE_BYTES = 8;

/** struct lpm_trie_node 24, a key's data 8, of IPv6 20, a value 1: what the kernel accounts for an entry (trie_mem_usage). */
const RANGE_NODE_BYTES = { 4: 33, 6: 45 } as const;

export interface MapSizes {
  readonly family: Family;
  /** Capacity of each map. */
  readonly mapEntries: number;
  /** Whether the kernel makes all elements of a map with it. */
  readonly preallocated: boolean;
  readonly services: number;
  readonly backends: number;
  readonly frontends: number;
  readonly ranges: Pick<LpmTrie, "entries" | "nodes">;
  /** Entries of a Maglev table, and how many there are; null for random selection. */
  readonly maglev: { readonly size: number; readonly tables: number } | null;
}

/** Two or three lines per map: header and buckets, elements, and what is allocated and holds nothing. */
export function mapMemory(sizes: MapSizes): readonly MemoryLine[] {
  const { family, services, backends, frontends, ranges, maglev } = sizes;
  const words = elementSizes(family);
  // The agent makes the outer map whatever the algorithm (allMaps in pkg/loadbalancer/maps).
  const maps = [
    ...mapLines(`lb${family}_services_v2`, services, words.services, sizes),
    ...mapLines(`lb${family}_backends_v3`, backends, words.backends, sizes),
    ...mapLines(`lb${family}_reverse_nat`, frontends, words.reverseNat, sizes),
    ...rangeLines(ranges, family),
    ...mapLines(`lb${family}_maglev`, maglev?.tables ?? 0, OUTER_WORDS, sizes),
  ];
  if (maglev === null) return maps;
  return [
    ...maps,
    {
      what: `lb${family}_maglev: a table a frontend`,
      bytes: maglev.tables * maglev.size * 4,
      known: "derived",
    },
  ];
}

/** Nodes of the trie, never preallocated: no line where no Service has ranges. */
function rangeLines({ entries, nodes }: MapSizes["ranges"], family: Family): MemoryLine[] {
  if (entries === 0) return [];
  const accounted = entries * RANGE_NODE_BYTES[family];
  return [
    { what: `lb${family}_source_range: entries`, bytes: accounted, known: "exact" },
    {
      what: `lb${family}_source_range: intermediate nodes, and the rest of slab objects`,
      bytes: nodes * NODE_WORDS * 4 - accounted,
      known: "derived",
      uncounted: true,
    },
  ];
}

function mapLines(
  name: string,
  used: number,
  elementWords: number,
  { mapEntries, preallocated }: MapSizes,
): MemoryLine[] {
  const elementBytes = elementWords * 4;
  const buckets: MemoryLine = {
    what: `${name}: header and buckets`,
    bytes: HEADER_BYTES + powerOfTwo(mapEntries) * BUCKET_WORDS * 4,
    known: "exact",
  };
  if (preallocated) {
    // The kernel adds an element and a pointer per possible CPU: 176 bytes of a service map on two.
    return [
      buckets,
      { what: `${name}: elements in use`, bytes: used * elementBytes, known: "exact" },
      {
        what: `${name}: elements preallocated and unused`,
        bytes: (mapEntries - used) * elementBytes,
        known: "derived",
      },
    ];
  }
  const accounted = elementBytes + LIST_NODE_BYTES;
  return [
    buckets,
    { what: `${name}: elements in use`, bytes: used * accounted, known: "exact" },
    {
      what: `${name}: the rest of their slab objects`,
      bytes: used * (SLAB_WORDS * 4 - accounted),
      known: "derived",
      uncounted: true,
    },
  ];
}

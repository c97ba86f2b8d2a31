/**
 * Memory of Calico's maps. What the kernel accounts for (trie_mem_usage, htab_map_mem_usage; bpftool's
 * memlock) is exact: entries of tries without the nodes between them, buckets and elements of hashes. The
 * rest of what slabs hold is derived. Maps that keep the least recently used are there from the start and
 * left out, as is conntrack.
 */

import type { Family } from "../../cluster/family.js";
import type { MemoryLine } from "../plane.js";
import { BACKEND_WORDS, BUCKET_WORDS } from "./layout.js";

/** struct lpm_trie_node 24, data 12 or 4, value 20 or 8; of IPv6 data 36 or 16, value 20 both times. */
export const FRONTEND_BYTES = { 4: 56, 6: 80 } as const;
const ROUTE_BYTES = { 4: 36, 6: 60 } as const;
/** sizeof(struct bpf_htab) on x86-64. */
const HEADER_BYTES = 896;
/** htab_elem 48, key 8, value 8, of IPv6 20 padded to 24; the allocator adds a list node. */
export const BACKEND_BYTES = { 4: 64, 6: 80 } as const;
const LIST_NODE_BYTES = 8;

export interface MapSizes {
  readonly family: Family;
  /** Bytes from one node of a trie to the next. */
  readonly nodeBytes: number;
  readonly frontends: number;
  /** Nodes of the frontend trie, intermediate ones included. */
  readonly nodes: number;
  readonly backends: number;
  readonly backendBuckets: number;
  /** Of cali_v4_mglv, which felix makes whether or not a Service asks for Maglev. */
  readonly maglevPlaces: number;
  readonly maglevBuckets: number;
  readonly routes: number;
  readonly routeNodes: number;
}

const exact = (what: string, bytes: number): MemoryLine => ({ what, bytes, known: "exact" });
const uncounted = (what: string, bytes: number): MemoryLine => ({
  what,
  bytes,
  known: "derived",
  uncounted: true,
});

/** Two or three lines for each map. */
export function mapMemory(sizes: MapSizes): readonly MemoryLine[] {
  const { family, nodeBytes, frontends, nodes, routes, routeNodes } = sizes;
  return [
    exact("nat_fe: entries", frontends * FRONTEND_BYTES[family]),
    uncounted(
      "nat_fe: intermediate nodes, and the rest of slab objects",
      nodes * nodeBytes - frontends * FRONTEND_BYTES[family],
    ),
    ...destinationLines("nat_be", sizes.backends, sizes.backendBuckets, family),
    ...destinationLines("mglv", sizes.maglevPlaces, sizes.maglevBuckets, family),
    exact("routes: entries", routes * ROUTE_BYTES[family]),
    uncounted(
      "routes: intermediate nodes, and the rest of slab objects",
      routeNodes * nodeBytes - routes * ROUTE_BYTES[family],
    ),
  ];
}

/** A hash map from an id and an ordinal to an address and a port. */
function destinationLines(name: string, elements: number, buckets: number, family: Family): MemoryLine[] {
  const elementBytes = BACKEND_BYTES[family] + LIST_NODE_BYTES;
  return [
    exact(`${name}: header and buckets`, HEADER_BYTES + buckets * BUCKET_WORDS * 4),
    exact(`${name}: elements`, elements * elementBytes),
    uncounted(`${name}: the rest of their slab objects`, elements * (BACKEND_WORDS * 4 - elementBytes)),
  ];
}

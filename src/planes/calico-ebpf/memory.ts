/**
 * Memory of Calico's maps. What the kernel accounts for (trie_mem_usage, htab_map_mem_usage; bpftool's memlock) is exact: entries of
 * tries without the nodes between them, buckets and elements of hashes. The rest of what slabs hold is derived. Maps that keep the
 * least recently used are there from the start and left out, as is conntrack.
 */

import type { MemoryLine } from "../plane.js";
import { NODE_WORDS } from "../shared/lpm/trie.js";
import { BACKEND_WORDS, BUCKET_WORDS } from "./layout.js";

/** struct lpm_trie_node 24, data 12 or 4, value 20 or 8. */
const FRONTEND_BYTES = 56;
const ROUTE_BYTES = 36;
/** sizeof(struct bpf_htab) on x86-64. */
const HEADER_BYTES = 896;
/** htab_elem 48, key 8, value 8, and the allocator's list node of 8. */
const BACKEND_BYTES = 72;

export interface MapSizes {
  readonly frontends: number;
  /** Nodes of the frontend trie, intermediate ones included. */
  readonly nodes: number;
  readonly backends: number;
  readonly backendBuckets: number;
  readonly routes: number;
  readonly routeNodes: number;
}

/** Two or three lines for each map. */
export function mapMemory(sizes: MapSizes): readonly MemoryLine[] {
  const { frontends, nodes, backends, backendBuckets, routes, routeNodes } = sizes;
  const exact = (what: string, bytes: number): MemoryLine => ({ what, bytes, known: "exact" });
  const derived = (what: string, bytes: number): MemoryLine => ({ what, bytes, known: "derived" });
  const node = NODE_WORDS * 4;
  return [
    exact("nat_fe: entries", frontends * FRONTEND_BYTES),
    derived(
      "nat_fe: intermediate nodes, and the rest of slab objects",
      nodes * node - frontends * FRONTEND_BYTES,
    ),
    exact("nat_be: header and buckets", HEADER_BYTES + backendBuckets * BUCKET_WORDS * 4),
    exact("nat_be: elements", backends * BACKEND_BYTES),
    derived("nat_be: the rest of their slab objects", backends * (BACKEND_WORDS * 4 - BACKEND_BYTES)),
    exact("routes: entries", routes * ROUTE_BYTES),
    derived(
      "routes: intermediate nodes, and the rest of slab objects",
      routeNodes * node - routes * ROUTE_BYTES,
    ),
  ];
}

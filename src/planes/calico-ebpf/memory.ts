/** Memory of Calico's maps: nodes and elements come when entries do, but buckets and least-recently-used maps are there from the start. */

import type { MemoryLine } from "../plane.js";
import { NODE_WORDS } from "../shared/lpm-trie.js";
import { BACKEND_WORDS, BUCKET_WORDS } from "./layout.js";

export interface MapSizes {
  readonly frontends: number;
  /** Nodes of the frontend trie, intermediate ones included. */
  readonly nodes: number;
  readonly backends: number;
  readonly backendBuckets: number;
  readonly routeNodes: number;
}

/** A line for each structure. Intermediate nodes are as big as others, but the kernel's own account (memlock) leaves them out. */
export function mapMemory(sizes: MapSizes): readonly MemoryLine[] {
  const derived = (what: string, bytes: number): MemoryLine => ({ what, bytes, known: "derived" });
  const node = NODE_WORDS * 4;
  return [
    derived("nat_fe: entries", sizes.frontends * node),
    derived("nat_fe: intermediate nodes", (sizes.nodes - sizes.frontends) * node),
    derived("nat_be: elements", sizes.backends * BACKEND_WORDS * 4),
    derived("nat_be: buckets", sizes.backendBuckets * BUCKET_WORDS * 4),
    derived("routes: nodes", sizes.routeNodes * node),
  ];
}

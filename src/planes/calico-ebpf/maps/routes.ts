/** cali_v4_routes: to whom an address belongs. It is asked where no frontend is found, and for the side of a client. */

import { type Cluster, maskTo } from "../../../cluster/cluster.js";
import { familyOf } from "../../../cluster/family.js";
import { LpmTrie, NODE_WORDS, WIDE_NODE_WORDS } from "../../shared/lpm/trie.js";
import { ROUTE_FLAGS, ROUTE_HOST, ROUTE_IN_POOL, ROUTE_LOCAL, ROUTE_WORKLOAD } from "../layout.js";

/** Stock size of the map. */
const ROUTES = 262_144;
/** Calico's address management hands out blocks of 64 addresses to nodes, in IPv6 (/122) too. */
const BLOCK_BITS = 26;

export interface RouteEntry {
  readonly address: number;
  readonly prefixLength: number;
  readonly flags: number;
}

/** The node's own addresses, its pods, the blocks of other nodes' pods, and the range of all pods. */
export function* routeEntries(cluster: Cluster): Iterable<RouteEntry> {
  const { network } = cluster;
  yield { address: network.podCidr.base, prefixLength: network.podCidr.prefixLength, flags: ROUTE_IN_POOL };
  const blocks = new Set<number>();
  const pods = new Set<number>();
  for (let row = 0; row < cluster.endpoints; row++) {
    const address = cluster.endpointAddress[row]!;
    if (cluster.endpointLocal[row] === 0) blocks.add(maskTo(address, BLOCK_BITS));
    else pods.add(address);
  }
  for (const address of pods) yield { address, prefixLength: 32, flags: ROUTE_WORKLOAD | ROUTE_LOCAL };
  for (const address of blocks) yield { address, prefixLength: BLOCK_BITS, flags: ROUTE_WORKLOAD };
  for (const address of network.nodeAddresses)
    yield { address, prefixLength: 32, flags: ROUTE_HOST | ROUTE_LOCAL };
}

/** Entries that the map holds: stock, and more only for a node with more endpoints than that. */
export function routeCapacity({ endpoints, network }: Cluster): number {
  return Math.max(ROUTES, endpoints + network.nodeAddresses.length + 1);
}

/** Words from one node of Calico's tries to the next. */
export function nodeWordsOf({ network }: Cluster): number {
  return familyOf(network) === 4 ? NODE_WORDS : WIDE_NODE_WORDS;
}

/** The trie of these. */
export function routesOf(cluster: Cluster): LpmTrie {
  const trie = new LpmTrie(routeCapacity(cluster), 16, "raise bpfMapSizeRoute", nodeWordsOf(cluster));
  for (const { address, prefixLength, flags } of routeEntries(cluster)) {
    const node = trie.update(address | 0, 0, 0, prefixLength);
    trie.words[node + ROUTE_FLAGS] = flags;
  }
  return trie;
}

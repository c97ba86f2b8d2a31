/** cali_v4_routes: to whom an address belongs. It is asked where no frontend is found, and for the side of a client. */

import { type Cluster, maskTo } from "../../../cluster/cluster.js";
import { LpmTrie } from "../../shared/lpm-trie.js";
import { ROUTE_FLAGS, ROUTE_HOST, ROUTE_IN_POOL, ROUTE_LOCAL, ROUTE_WORKLOAD } from "../layout.js";

/** Stock size of the map. */
const ROUTES = 262_144;
/** Calico's address management hands out blocks of 64 addresses to nodes. */
const BLOCK_BITS = 26;

/** The node's own addresses, its pods, the blocks of other nodes' pods, and the range of all pods. */
export function routesOf(cluster: Cluster): LpmTrie {
  const { network } = cluster;
  // Larger than stock only for a node with more endpoints than that.
  const trie = new LpmTrie(
    Math.max(ROUTES, cluster.endpoints + network.nodeAddresses.length + 1),
    16,
    "raise bpfMapSizeRoute",
  );
  const add = (address: number, length: number, flags: number): void => {
    const node = trie.update(address | 0, 0, 0, length);
    trie.words[node + ROUTE_FLAGS] = flags;
  };
  add(network.podCidr.base, network.podCidr.prefixLength, ROUTE_IN_POOL);
  const blocks = new Set<number>();
  for (let row = 0; row < cluster.endpoints; row++) {
    const address = cluster.endpointAddress[row]!;
    if (cluster.endpointLocal[row] === 0) blocks.add(maskTo(address, BLOCK_BITS));
    else add(address, 32, ROUTE_WORKLOAD | ROUTE_LOCAL);
  }
  for (const block of blocks) add(block, BLOCK_BITS, ROUTE_WORKLOAD);
  for (const address of network.nodeAddresses) add(address, 32, ROUTE_HOST | ROUTE_LOCAL);
  return trie;
}

/**
 * Routes of a node in IPVS mode: every service address is an address of kube-ipvs0, so the kernel has a local route for each. A
 * device needs not be up for that (fib_add_ifaddr). What a first packet reads of them is counted, and no part
 * of the timed `lookup`.
 */

import type { Cluster } from "../../../cluster/cluster.js";
import type { Work } from "../../plane.js";
import type { VirtualServices } from "../tables/virtual-services.js";
import { FibTrie, type RouteType, type RouteWalk } from "./fib-trie.js";

/** 127.0.0.0/8, with its address and its broadcast address. */
const LOOPBACK: readonly (readonly [number, number, RouteType])[] = [
  [0x7f000001, 32, "local"],
  [0x7f000000, 8, "local"],
  [0x7fffffff, 32, "broadcast"],
];

/** One search for an address's route. */
export interface RouteSearch extends RouteWalk {
  readonly type: RouteType | "none";
}

/** Made when it is first asked for: what is timed never asks. */
export class NodeRoutes {
  readonly #cluster: Cluster;
  readonly #virtual: VirtualServices;
  #trie: FibTrie | undefined;

  constructor(cluster: Cluster, virtual: VirtualServices) {
    this.#cluster = cluster;
    this.#virtual = virtual;
  }

  /**
   * The trie with the loopback's routes, the node's addresses, the pod range, a default route, and the
   * addresses of kube-ipvs0.
   */
  get trie(): FibTrie {
    if (this.#trie !== undefined) return this.#trie;
    const { podCidr, nodeAddresses } = this.#cluster.network;
    const { address, count } = this.#virtual;
    const trie = new FibTrie(count);
    for (const [key, prefixLength, type] of LOOPBACK) trie.insert(key, prefixLength, type);
    for (const node of nodeAddresses) trie.insert(node | 0, 32, "local");
    trie.insert(podCidr.base | 0, podCidr.prefixLength, "unicast");
    trie.insert(0, 0, "unicast");
    // As kube-proxy binds them, one by one (EnsureAddressBind). NodePorts are at addresses that the node has already.
    for (let v = 0; v < count; v++) trie.insert(address[v]!, 32, "local");
    this.#trie = trie;
    return trie;
  }

  /** fib_lookup of an address, added to `work`. null in IPv6, whose tree is another one (net/ipv6/ip6_fib.c). */
  search(address: number, work: Work): RouteSearch | null {
    if (this.#cluster.network.ipv6 !== undefined) return null;
    const walk: RouteWalk = { nodes: 0, comparisons: 0, backtracks: 0 };
    const type = this.trie.find(address | 0, walk)?.type ?? "none";
    work.routingNodes = (work.routingNodes ?? 0) + walk.nodes;
    return { ...walk, type };
  }
}

/** `, 4 nodes of its trie, 5 keys compared`, and how often it went back to a parent. */
export function formatWalk(search: RouteSearch | null): string {
  if (search === null) return "";
  const { nodes, comparisons, backtracks } = search;
  const back = backtracks === 0 ? "" : `, back to a parent ${backtracks} times`;
  return `, ${nodes} nodes of its trie, ${comparisons} keys compared${back}`;
}

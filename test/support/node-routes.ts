import type { RouteType } from "../../src/planes/ipvs/routing/fib-trie.js";

/** What a node's routing trie holds before kube-proxy starts, in the order in which it comes when its interfaces do. */
export const ROUTES_OF_A_NODE: readonly (readonly [key: string, prefixLength: number, type: RouteType])[] = [
  ["127.0.0.1", 32, "local"],
  ["127.0.0.0", 8, "local"],
  ["127.255.255.255", 32, "broadcast"],
  ["172.18.0.2", 32, "local"],
  ["172.18.0.0", 16, "unicast"],
  ["172.18.255.255", 32, "broadcast"],
  ["0.0.0.0", 0, "unicast"],
];

/**
 * cilium_ipcache_v2 (bpf/lib/eps.h): whose an address is, in the kernel's trie. The datapath asks it about
 * destinations that have no entry as a service, and about external IPs at the socket.
 */

import type { Cluster } from "../../../cluster/cluster.js";
import { LpmTrie, MISS, WIDE_NODE_WORDS } from "../../shared/lpm/trie.js";
import { LOOKUP_BITS } from "./ranges.js";

/** MaxEntries in pkg/maps/ipcache, which no option changes. */
const ENTRIES = 512_000;
/** First word of a key: cluster id 0 and the family, which is 1 or 2; a trie here holds one family. */
export const IPCACHE_FAMILY = 1;
/** What stands in a key before the address. */
const STATIC_BITS = 32;

/**
 * Where a node has sec_identity: behind 24 bytes of header and 20 of key, in both families. The 24 bytes of
 * value end in the 96-byte class.
 */
export const IDENTITY = 11;
/** Reserved identities (pkg/identity); those of labels begin at 256. */
export const HOST = 1;
const WORLD = 2;
const OF_LABELS = 256;

export interface IpcacheEntry {
  readonly address: number;
  readonly prefixLength: number;
  readonly identity: number;
}

/**
 * What the agent of this node enters: its own addresses and the world (daemon/cmd), and every pod of the cluster, which it
 * learns from CiliumEndpoints (pkg/k8s/watchers). A cluster here knows those behind Services. An endpoint in
 * the node's network namespace has the node's identity.
 */
export function* ipcacheEntries({ network, endpointAddress }: Cluster): Iterable<IpcacheEntry> {
  yield { address: 0, prefixLength: 0, identity: WORLD };
  const own = new Set(network.nodeAddresses);
  for (const address of own) yield { address, prefixLength: 32, identity: HOST };
  for (const address of new Set(endpointAddress)) {
    if (!own.has(address)) yield { address, prefixLength: 32, identity: OF_LABELS };
  }
}

/**
 * The trie of a cluster. It is made when it is first asked: 100,000 Services of four endpoints have 77 MB of it, and most
 * traces never miss. Those that do have met it before anything is timed, as every batch has the same share of misses.
 * Throws MapFullError beyond its 512,000 entries.
 */
export class Ipcache {
  readonly #cluster: Cluster;
  #trie: LpmTrie | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  get trie(): LpmTrie {
    this.#trie ??= ipcacheTrie(this.#cluster);
    return this.#trie;
  }

  /** The identity of an address; 0 is nobody's. */
  identity(address: number): number {
    const { trie } = this;
    const node = trie.find(IPCACHE_FAMILY, address, 0, LOOKUP_BITS);
    return node === MISS ? 0 : trie.words[node + IDENTITY]!;
  }
}

function ipcacheTrie(cluster: Cluster): LpmTrie {
  const expected = Math.min(ENTRIES, cluster.endpoints + 16);
  const remedy = "Cilium has no setting for the size of ipcache: use fewer endpoints";
  const trie = new LpmTrie(ENTRIES, expected, remedy, WIDE_NODE_WORDS);
  for (const { address, prefixLength, identity } of ipcacheEntries(cluster)) {
    const node = trie.update(IPCACHE_FAMILY, address | 0, 0, STATIC_BITS + prefixLength);
    trie.words[node + IDENTITY] = identity;
  }
  return trie;
}

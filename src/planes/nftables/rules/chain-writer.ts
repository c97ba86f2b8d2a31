/** Writes a service-port's chains: their rule blobs are always new, and a chain that is there turns to its new one. */

import { type Cluster, servesPolicyCluster, servesPolicyLocal } from "../../../cluster/cluster.js";
import { endpointRows, type KubeProxySettings } from "../../shared/kube-proxy.js";
import * as layout from "../layout.js";
import { AnonymousMaps } from "../structures/anonymous-maps.js";
import type { ChainMemory } from "../structures/chain-memory.js";
import type { Slabs } from "../structures/slabs.js";
import { type NftLayout, nftLayout } from "../version.js";
import { balancingKind, chainsOf, hasEndpointChains, isReached } from "./frontends.js";

/** A base that no source has under a mask of nothing: nobody is a pod. */
const EVERYBODY = { base: 1, prefixLength: 0 };

/** What has been written, as `UpdateCost` counts it. */
export interface WrittenChains {
  rules: number;
  chains: number;
  elements: number;
}

export class ChainWriter {
  readonly written: WrittenChains = { rules: 0, chains: 0, elements: 0 };
  readonly #memory: ChainMemory;
  readonly #words: Int32Array;
  readonly #slabs: Slabs;
  readonly #maps: AnonymousMaps;
  readonly #layout: NftLayout;
  readonly #masqueradeAll: boolean;

  constructor(memory: ChainMemory, slabs: Slabs, seed: number, settings: KubeProxySettings) {
    this.#memory = memory;
    this.#layout = nftLayout(settings);
    this.#masqueradeAll = settings.masqueradeAll;
    this.#words = memory.words;
    this.#slabs = slabs;
    this.#maps = new AnonymousMaps(memory.words, this.#layout.hasSizedMaps, seed);
  }

  /** Writes the chains that a service-port uses. `ids`: row → number of the endpoint; null where they are the same. */
  write(cluster: Cluster, ids: Uint32Array | null, p: number): void {
    const { service, local, external } = this.#memory;
    const chains = chainsOf(cluster, p);
    if (hasEndpointChains(cluster, p, this.#layout)) {
      for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
        if (isReached(cluster, row, chains)) {
          this.#writeEndpoint(cluster, p, row, ids === null ? row : ids[row]!);
        }
      }
    }
    if (chains.usesService) service[p] = this.#writeBalancing(cluster, ids, p, false, chains.count);
    if (chains.usesLocal) local[p] = this.#writeBalancing(cluster, ids, p, true, chains.localCount);
    if (chains.usesExternal) external[p] = this.#writeExternal(cluster, p, chains.localCount);
  }

  /** Deletes the chain of an endpoint, which no rule leads to any more. */
  dropEndpoint(id: number): void {
    const { endpoint } = this.#memory;
    this.#slabs.free(this.#words[endpoint[id]! + layout.CHAIN_BLOB]!, layout.ENDPOINT_BLOB_WORDS);
    this.#slabs.free(endpoint[id]!, layout.CHAIN_WORDS);
    endpoint[id] = layout.NONE;
    this.written.chains++;
  }

  /** Deletes a service-port's chain of a kind, which no map element leads to any more. */
  drop(kind: "service" | "local" | "external", p: number): void {
    const chains = this.#memory[kind];
    this.#freeBlob(this.#words[chains[p]! + layout.CHAIN_BLOB]!);
    this.#slabs.free(chains[p]!, layout.CHAIN_WORDS);
    chains[p] = layout.NONE;
    this.written.chains++;
  }

  #writeEndpoint(cluster: Cluster, p: number, row: number, id: number): void {
    const words = this.#words;
    const { endpoint } = this.#memory;
    const sticky = cluster.affinitySeconds[cluster.service[p]!]! > 0 ? 1 : 0;
    const blob = this.#slabs.alloc("endpointBlob", layout.ENDPOINT_BLOB_WORDS);
    words[blob + layout.ENDPOINT_ADDRESS] = cluster.endpointAddress[row]!;
    words[blob + layout.ENDPOINT_DNAT_ADDRESS] = cluster.endpointAddress[row]!;
    words[blob + layout.ENDPOINT_DNAT_PORT] = cluster.endpointPort[row]!;
    words[blob + layout.ENDPOINT_INDEX] = id;
    words[blob + layout.ENDPOINT_STICKY] = sticky;
    const old = endpoint[id]! === layout.NONE ? layout.NONE : words[endpoint[id]! + layout.CHAIN_BLOB]!;
    endpoint[id] = this.#chain(endpoint[id]!, blob);
    if (old !== layout.NONE) this.#slabs.free(old, layout.ENDPOINT_BLOB_WORDS);
    // The hairpin test up to 1.35, the affinity set's update, DNAT.
    this.written.rules += Number(this.#layout.hasEndpointChains) + sticky + 1;
  }

  /** A service or local chain with its verdict map. Returns the chain. */
  #writeBalancing(
    cluster: Cluster,
    ids: Uint32Array | null,
    p: number,
    localOnly: boolean,
    count: number,
  ): number {
    const words = this.#words;
    const s = cluster.service[p]!;
    const { podCidr } = cluster.network;
    const timeout = cluster.affinitySeconds[s]!;
    const sticky = timeout > 0 ? count : 0;
    const kind = balancingKind(cluster, p, { isLocal: localOnly, count }, this.#layout);
    const rows = endpointRows(cluster, p).filter((row) =>
      (localOnly ? servesPolicyLocal : servesPolicyCluster)(cluster.endpointLocal[row]!),
    );
    const idOf = (row: number): number => (ids === null ? row : ids[row]!);
    const blob = this.#slabs.alloc("blob", layout.serviceBlobWords(kind, sticky));
    words[blob + layout.BLOB_KIND] = kind;
    words[blob + layout.BLOB_STICKY] = sticky;
    words[blob + layout.BLOB_TIMEOUT] = timeout;
    if (kind === layout.KIND_SINGLE) {
      words[blob + layout.SINGLE_ADDRESS] = cluster.endpointAddress[rows[0]!]!;
      words[blob + layout.SINGLE_PORT] = cluster.endpointPort[rows[0]!]!;
      words[blob + layout.SINGLE_INDEX] = idOf(rows[0]!);
    } else if (kind === layout.KIND_MAP) {
      const set = this.#maps.create(this.#slabs, count);
      words[blob + layout.MAP_MODULUS] = count;
      words[blob + layout.MAP_SET] = set;
      for (const [key, row] of rows.entries()) {
        this.#maps.insertAddress(this.#slabs, set, key, {
          address: cluster.endpointAddress[row]!,
          port: cluster.endpointPort[row]!,
          index: idOf(row),
        });
      }
    } else {
      if (kind === layout.KIND_SERVICE) {
        words[blob + layout.SERVICE_ADDRESS] = cluster.clusterIp[s]!;
        // --masquerade-all: without the source's test, which a mask of nothing stands for.
        const { prefixLength, base } = this.#masqueradeAll ? EVERYBODY : podCidr;
        words[blob + layout.POD_MASK] = prefixLength === 0 ? 0 : -1 << (32 - prefixLength);
        words[blob + layout.POD_BASE] = base;
      }
      const choosing = blob + layout.choosingStart(kind);
      const numgen = choosing + sticky * layout.AFFINITY_RULE_WORDS;
      const set = this.#maps.create(this.#slabs, count);
      words[numgen + layout.NUMGEN_MODULUS] = count;
      words[numgen + layout.NUMGEN_SET] = set;
      for (const [index, row] of rows.entries()) {
        const chain = this.#memory.endpoint[idOf(row)]!;
        if (sticky > 0) {
          words[choosing + index * layout.AFFINITY_RULE_WORDS + layout.AFFINITY_CHAIN] = chain;
        }
        this.#maps.insertChain(this.#slabs, set, index, chain);
      }
    }
    if (kind !== layout.KIND_SINGLE) this.written.elements += count;
    // The masquerade test, a rule an affinity set, and the one that chooses.
    this.written.rules += (kind === layout.KIND_SERVICE ? 1 : 0) + sticky + 1;
    return this.#turn((localOnly ? this.#memory.local : this.#memory.service)[p]!, blob);
  }

  #writeExternal(cluster: Cluster, p: number, localCount: number): number {
    const blob = this.#slabs.alloc("blob", layout.EXTERNAL_BLOB_WORDS);
    const isLocal = cluster.externalLocal[cluster.service[p]!] === 1;
    const toLocal = isLocal && localCount > 0;
    this.#words[blob + layout.BLOB_KIND] = isLocal ? layout.KIND_EXTERNAL_LOCAL : layout.KIND_EXTERNAL;
    this.#words[blob + layout.EXTERNAL_SERVICE] = this.#memory.service[p]!;
    this.#words[blob + layout.EXTERNAL_LOCAL_CHAIN] = toLocal ? this.#memory.local[p]! : layout.NONE;
    // Mark and go on; or two short circuits with a mark between, and on only where this node has an endpoint.
    this.written.rules += isLocal ? (toLocal ? 4 : 3) : 2;
    return this.#turn(this.#memory.external[p]!, blob);
  }

  /** Lets a chain, new if it is layout.NONE, lead to a new blob, and frees the one before. */
  #turn(chain: number, blob: number): number {
    const old = chain === layout.NONE ? layout.NONE : this.#words[chain + layout.CHAIN_BLOB]!;
    const turned = this.#chain(chain, blob);
    if (old !== layout.NONE) this.#freeBlob(old);
    return turned;
  }

  #chain(existing: number, blob: number): number {
    const chain = existing === layout.NONE ? this.#slabs.alloc("chain", layout.CHAIN_WORDS) : existing;
    this.#words[chain + layout.CHAIN_BLOB] = blob;
    this.written.chains++;
    return chain;
  }

  /** Frees a blob with the verdict map that only it leads to. */
  #freeBlob(blob: number): void {
    const words = this.#words;
    const kind = words[blob + layout.BLOB_KIND]!;
    if (kind === layout.KIND_EXTERNAL || kind === layout.KIND_EXTERNAL_LOCAL) {
      this.#slabs.free(blob, layout.EXTERNAL_BLOB_WORDS);
      return;
    }
    const sticky = words[blob + layout.BLOB_STICKY]!;
    this.#slabs.free(blob, layout.serviceBlobWords(kind, sticky));
    if (kind === layout.KIND_SINGLE) return;
    const numgen = blob + layout.choosingStart(kind) + sticky * layout.AFFINITY_RULE_WORDS;
    const isMap = kind === layout.KIND_MAP;
    const set = words[isMap ? blob + layout.MAP_SET : numgen + layout.NUMGEN_SET]!;
    const size = words[isMap ? blob + layout.MAP_MODULUS : numgen + layout.NUMGEN_MODULUS]!;
    this.#maps.free(this.#slabs, set, size);
  }
}

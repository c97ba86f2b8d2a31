/** Lays chains, blobs and anonymous maps out in memory: one region a slab size, each filled in the order of creation. */

import type { Cluster } from "../../cluster/cluster.js";
import { jhash1 } from "../shared/jhash.js";
import { chainsOf } from "./frontends.js";
import * as layout from "./layout.js";

const TO_CACHE_LINE_WORDS = 12;

/** No chain: offset 0 is never one. */
export const NONE = 0;

export interface ChainMemory {
  readonly words: Int32Array;
  /** Service-port → its chains; NONE where it has none. */
  readonly service: Int32Array;
  readonly local: Int32Array;
  readonly external: Int32Array;
}

/** Where the next object of each slab goes, or how many words each needs. */
interface Cursors {
  chain: number;
  blob: number;
  endpointBlob: number;
  set: number;
  element: number;
}

/** Builds all chains of a cluster. `seed` is that of the anonymous maps' hashes. */
export function loadChains(cluster: Cluster, seed: number): ChainMemory {
  const { cursors, words } = allocate(cluster);
  const builder = new ChainBuilder(cluster, words, cursors, seed);
  const memory: ChainMemory = {
    words,
    service: new Int32Array(cluster.servicePorts),
    local: new Int32Array(cluster.servicePorts),
    external: new Int32Array(cluster.servicePorts),
  };
  for (let p = 0; p < cluster.servicePorts; p++) {
    const chains = chainsOf(cluster, p);
    builder.addEndpoints(p);
    if (chains.usesService) memory.service[p] = builder.addBalancing(p, false, chains.count);
    if (chains.usesLocal) memory.local[p] = builder.addBalancing(p, true, chains.localCount);
    if (chains.usesExternal)
      memory.external[p] = builder.addExternal(p, memory.service[p]!, memory.local[p]!);
  }
  return memory;
}

/** Bytes of the chains, rule blobs and anonymous maps of a cluster. */
export function chainBytes(cluster: Cluster): number {
  return Object.values(neededWords(cluster)).reduce((sum, words) => sum + words, 0) * 4;
}

function neededWords(cluster: Cluster): Cursors {
  const need: Cursors = { chain: 0, blob: 0, endpointBlob: 0, set: 0, element: 0 };
  const balance = (endpoints: number, sticky: boolean): void => {
    need.chain += layout.CHAIN_WORDS;
    need.blob += layout.serviceBlobWords(sticky ? endpoints : 0);
    need.set += setWords(endpoints);
    need.element += endpoints * layout.ELEMENT_WORDS;
  };
  for (let p = 0; p < cluster.servicePorts; p++) {
    const chains = chainsOf(cluster, p);
    const sticky = cluster.affinitySeconds[cluster.service[p]!]! > 0;
    need.chain += chains.count * layout.CHAIN_WORDS;
    need.endpointBlob += chains.count * layout.ENDPOINT_BLOB_WORDS;
    if (chains.usesService) balance(chains.count, sticky);
    if (chains.usesLocal) balance(chains.localCount, sticky);
    if (chains.usesExternal) {
      need.chain += layout.CHAIN_WORDS;
      need.blob += layout.EXTERNAL_BLOB_WORDS;
    }
  }
  return need;
}

function allocate(cluster: Cluster): { words: Int32Array; cursors: Cursors } {
  const need = neededWords(cluster);
  const chain = TO_CACHE_LINE_WORDS + 4;
  const blob = chain + need.chain;
  const endpointBlob = blob + need.blob;
  const set = endpointBlob + need.endpointBlob;
  const element = set + need.set;
  return {
    words: new Int32Array(element + need.element),
    cursors: { chain, blob, endpointBlob, set, element },
  };
}

/** An nft_set with its buckets, as kmalloc gives it. */
function setWords(endpoints: number): number {
  return layout.slabWords(layout.SET_WORDS + layout.BUCKET_WORDS * 2 ** layout.mapBucketBits(endpoints));
}

class ChainBuilder {
  readonly #cluster: Cluster;
  readonly #words: Int32Array;
  readonly #at: Cursors;
  readonly #seed: number;
  /** Endpoint → its chain. */
  readonly #endpointChain: Int32Array;

  constructor(cluster: Cluster, words: Int32Array, cursors: Cursors, seed: number) {
    this.#cluster = cluster;
    this.#words = words;
    this.#at = cursors;
    this.#seed = seed;
    this.#endpointChain = new Int32Array(cluster.endpoints);
  }

  addEndpoints(p: number): void {
    const cluster = this.#cluster;
    const words = this.#words;
    const sticky = cluster.affinitySeconds[cluster.service[p]!]! > 0 ? 1 : 0;
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      const blob = this.#at.endpointBlob;
      this.#at.endpointBlob += layout.ENDPOINT_BLOB_WORDS;
      words[blob + layout.ENDPOINT_ADDRESS] = cluster.endpointAddress[e]!;
      words[blob + layout.ENDPOINT_DNAT_ADDRESS] = cluster.endpointAddress[e]!;
      words[blob + layout.ENDPOINT_DNAT_PORT] = cluster.endpointPort[e]!;
      words[blob + layout.ENDPOINT_INDEX] = e;
      words[blob + layout.ENDPOINT_STICKY] = sticky;
      this.#endpointChain[e] = this.#chain(blob);
    }
  }

  /** A service or local chain with its verdict map. Returns the chain. */
  addBalancing(p: number, localOnly: boolean, count: number): number {
    const cluster = this.#cluster;
    const words = this.#words;
    const s = cluster.service[p]!;
    const { podCidr } = cluster.network;
    const timeout = cluster.affinitySeconds[s]!;
    const sticky = timeout > 0 ? count : 0;
    const blob = this.#at.blob;
    this.#at.blob += layout.serviceBlobWords(sticky);
    words[blob + layout.BLOB_KIND] = layout.KIND_SERVICE;
    words[blob + layout.BLOB_STICKY] = sticky;
    words[blob + layout.BLOB_TIMEOUT] = timeout;
    words[blob + layout.SERVICE_PROTOCOL] = cluster.protocol[p]!;
    words[blob + layout.SERVICE_ADDRESS] = cluster.clusterIp[s]!;
    words[blob + layout.SERVICE_PORT] = cluster.port[p]!;
    words[blob + layout.POD_MASK] = podCidr.prefixLength === 0 ? 0 : -1 << (32 - podCidr.prefixLength);
    words[blob + layout.POD_BASE] = podCidr.base;
    const numgen = blob + layout.AFTER_MASQUERADE + sticky * layout.AFFINITY_RULE_WORDS;
    const set = this.#set(count);
    words[numgen + layout.NUMGEN_MODULUS] = count;
    words[numgen + layout.NUMGEN_SET] = set;
    let index = 0;
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (localOnly && cluster.endpointLocal[e] !== 1) continue;
      const chain = this.#endpointChain[e]!;
      if (sticky > 0) {
        words[blob + layout.AFTER_MASQUERADE + index * layout.AFFINITY_RULE_WORDS + layout.AFFINITY_CHAIN] =
          chain;
      }
      this.#element(set, index, chain);
      index++;
    }
    return this.#chain(blob);
  }

  addExternal(p: number, service: number, local: number): number {
    const blob = this.#at.blob;
    this.#at.blob += layout.EXTERNAL_BLOB_WORDS;
    const isLocal = this.#cluster.externalLocal[this.#cluster.service[p]!] === 1;
    this.#words[blob + layout.BLOB_KIND] = isLocal ? layout.KIND_EXTERNAL_LOCAL : layout.KIND_EXTERNAL;
    this.#words[blob + layout.EXTERNAL_SERVICE] = service;
    this.#words[blob + layout.EXTERNAL_LOCAL_CHAIN] = local;
    return this.#chain(blob);
  }

  #chain(blob: number): number {
    const chain = this.#at.chain;
    this.#at.chain += layout.CHAIN_WORDS;
    this.#words[chain + layout.CHAIN_BLOB] = blob;
    return chain;
  }

  #set(endpoints: number): number {
    const set = this.#at.set;
    this.#at.set += setWords(endpoints);
    this.#words[set + layout.SET_BUCKET_BITS] = layout.mapBucketBits(endpoints);
    return set;
  }

  #element(set: number, key: number, chain: number): void {
    const words = this.#words;
    const element = this.#at.element;
    this.#at.element += layout.ELEMENT_WORDS;
    const bucket = bucketOf(set, key, words[set + layout.SET_BUCKET_BITS]!, this.#seed);
    words[element + layout.ELEMENT_NEXT] = words[bucket]!;
    words[element + layout.ELEMENT_KEY] = key;
    words[element + layout.ELEMENT_CHAIN] = chain;
    words[bucket] = element;
  }
}

/** Bucket of a key: jhash_1word, then reciprocal_scale, which takes the upper bits of the hash. */
export function bucketOf(set: number, key: number, bits: number, seed: number): number {
  // Two shifts, because a shift by 32 is none in JavaScript.
  const bucket = (jhash1(key, seed) >>> 1) >>> (31 - bits);
  return set + layout.SET_WORDS + bucket * layout.BUCKET_WORDS;
}

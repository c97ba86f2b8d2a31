/** Lays chains, blobs and anonymous maps out in memory: one region per slab size, each filled in the order of creation. */

import type { Cluster } from "../../cluster/cluster.js";
import type { KubeProxySettings } from "../shared/kube-proxy.js";
import * as layout from "./layout.js";
import { ChainWriter } from "./rules/chain-writer.js";
import { balancingKind, chainsOf, hasEndpointChains } from "./rules/frontends.js";
import { mapWords } from "./structures/anonymous-maps.js";
import type { ChainMemory, Cursors } from "./structures/chain-memory.js";
import { Slabs } from "./structures/slabs.js";
import { type NftLayout, nftLayout } from "./version.js";

const TO_CACHE_LINE_WORDS = 12;

/** Rewrites of the largest service that memory has room for next to what it holds: old and new lie in it together. */
const ROOM_FOR_REWRITES = 8;

/**
 * Builds all chains of a cluster. `seed` is that of the anonymous maps' hashes; `spare` endpoints may join later.
 * Returns the writer too, which a control plane goes on with.
 */
export function loadChains(
  cluster: Cluster,
  settings: KubeProxySettings,
  seed: number,
  spare = 0,
): { memory: ChainMemory; writer: ChainWriter } {
  const written = nftLayout(settings);
  const need = neededWords(cluster, written);
  const firstOfSlab = { ...need };
  let end = TO_CACHE_LINE_WORDS + 4;
  for (const slab of ["chain", "blob", "endpointBlob", "set", "element", "table"] as const) {
    firstOfSlab[slab] = end;
    end += need[slab];
  }
  const memory: ChainMemory = {
    words: new Int32Array(end + (spare === 0 ? 0 : spareWords(cluster, spare, written))),
    service: new Int32Array(cluster.servicePorts),
    local: new Int32Array(cluster.servicePorts),
    external: new Int32Array(cluster.servicePorts),
    endpoint: new Int32Array(cluster.endpoints + spare),
  };
  const writer = new ChainWriter(memory, new Slabs(memory.words, firstOfSlab, need, end), seed, settings);
  for (let p = 0; p < cluster.servicePorts; p++) writer.write(cluster, null, p);
  return { memory, writer };
}

/** Bytes of the chains, rule blobs and anonymous maps of a cluster. */
export function chainBytes(cluster: Cluster, written: NftLayout): number {
  return Object.values(neededWords(cluster, written)).reduce((sum, words) => sum + words, 0) * 4;
}

function neededWords(cluster: Cluster, written: NftLayout): Cursors {
  const need: Cursors = { chain: 0, blob: 0, endpointBlob: 0, set: 0, element: 0, table: 0 };
  const balance = (endpoints: number, sticky: boolean, kind: number): void => {
    need.chain += layout.CHAIN_WORDS;
    need.blob += layout.serviceBlobWords(kind, sticky ? endpoints : 0);
    if (kind === layout.KIND_SINGLE) return;
    const map = mapWords(endpoints, written.hasSizedMaps);
    need.set += map.set;
    need.table += map.table;
    need.element += endpoints * layout.ELEMENT_WORDS;
  };
  for (let p = 0; p < cluster.servicePorts; p++) {
    const chains = chainsOf(cluster, p);
    const sticky = cluster.affinitySeconds[cluster.service[p]!]! > 0;
    if (hasEndpointChains(cluster, p, written)) {
      const endpoints = cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!;
      need.chain += endpoints * layout.CHAIN_WORDS;
      need.endpointBlob += endpoints * layout.ENDPOINT_BLOB_WORDS;
    }
    const kindOf = (isLocal: boolean, count: number) =>
      balancingKind(cluster, p, { isLocal, count }, written);
    if (chains.usesService) balance(chains.count, sticky, kindOf(false, chains.count));
    if (chains.usesLocal) balance(chains.localCount, sticky, kindOf(true, chains.localCount));
    if (chains.usesExternal) {
      need.chain += layout.CHAIN_WORDS;
      need.blob += layout.EXTERNAL_BLOB_WORDS;
    }
  }
  return need;
}

/** What rewriting the largest service takes, a few times over, and its classes of size once more as it grows. */
function spareWords(cluster: Cluster, spare: number, written: NftLayout): number {
  let largest = 0;
  for (let p = 0; p < cluster.servicePorts; p++) {
    largest = Math.max(largest, cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!);
  }
  const endpoints = largest + spare;
  const map = mapWords(endpoints, written.hasSizedMaps);
  const balance =
    layout.serviceBlobWords(layout.KIND_SERVICE, endpoints) +
    map.set +
    map.table +
    endpoints * layout.ELEMENT_WORDS;
  const each = layout.CHAIN_WORDS + layout.ENDPOINT_BLOB_WORDS;
  return ROOM_FOR_REWRITES * (2 * balance + endpoints * each + layout.EXTERNAL_BLOB_WORDS);
}

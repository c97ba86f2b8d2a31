/**
 * What kube-proxy writes in one nft transaction for one change (pkg/proxy/nftables/proxier.go, syncProxyRules): the chains
 * of the changed service, of all its ports, and the map elements that differ.
 */

import { applyChange, type Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { extractService, rebaseChange } from "../../cluster/extract-service.js";
import type { UpdateCost } from "../plane.js";
import type { Int32Vector } from "../shared/int32-vector.js";
import { KIND_SERVICE, KIND_SINGLE } from "./layout.js";
import { chainBytes } from "./memory.js";
import { balancingKind, chainsOf, hasEndpointChains, isReached, listMaps } from "./rules/frontends.js";
import { hairpinChanges } from "./rules/hairpins.js";
import { firewallSources } from "./rules/service-text.js";
import { ELEMENT_WORDS } from "./structures/rhashtable.js";
import type { NftLayout } from "./version.js";

/** Rules, chains and elements for one change. */
export function updateCost(cluster: Cluster, change: Change, layout: NftLayout): UpdateCost {
  const before = extractService(cluster, cluster.service[change.servicePort]!);
  const after = applyChange(before, rebaseChange(cluster, change));
  const now = writeService(after, layout);
  const old = writeService(before, layout);
  const stale = [...old.chains].filter((chain) => !now.chains.has(chain)).length;
  const maps = compareMaps(before, after, layout);
  const hairpins = hairpinChanges(cluster, applyChange(cluster, change), change.servicePort, layout);
  const notes = [
    layout.hasEndpointChains
      ? `the chains of the service's unchanged endpoints are rewritten too: ${now.rules} rules in ${now.chains.size} chains`
      : `the service's chains are rewritten with all its endpoints: ${now.rules} rules in ${now.chains.size} chains`,
    "each sync lists what the table holds, to find chains and elements without a user",
  ];
  if (stale > 0) notes.push(`chains without a user, flushed now and deleted by a later sync: ${stale}`);
  return {
    rules: now.rules,
    chains: now.chains.size + stale,
    mapWrites: now.elements + maps.written + maps.deleted + hairpins.added.length + hairpins.deleted.length,
    bytes: chainBytes(after, layout) + (maps.written + hairpins.added.length) * ELEMENT_WORDS * 4,
    notes,
  };
}

interface Written {
  rules: number;
  /** Elements of anonymous maps and sets. */
  elements: number;
  readonly chains: Set<string>;
}

/** Everything kube-proxy writes for a service that changed, but for elements of named maps. */
function writeService(cluster: Cluster, layout: NftLayout): Written {
  const written: Written = { rules: 0, elements: 0, chains: new Set() };
  const sticky = cluster.affinitySeconds[0]! > 0;
  const ranges = firewallSources(cluster, 0).length;
  const balance = (chain: string, endpoints: number, kind: number): void => {
    written.chains.add(chain);
    // The masquerade test, a rule an affinity set, and numgen with its map.
    written.rules += (kind === KIND_SERVICE ? 1 : 0) + (sticky ? endpoints : 0) + 1;
    if (kind !== KIND_SINGLE) written.elements += endpoints;
  };
  const kindOf = (p: number, isLocal: boolean, count: number) =>
    balancingKind(cluster, p, { isLocal, count }, layout);
  for (let p = 0; p < cluster.servicePorts; p++) {
    const chains = chainsOf(cluster, p);
    if (chains.usesService) balance(`service ${p}`, chains.count, kindOf(p, false, chains.count));
    if (chains.usesLocal) balance(`local ${p}`, chains.localCount, kindOf(p, true, chains.localCount));
    if (chains.usesExternal) {
      written.chains.add(`external ${p}`);
      const toLocal = cluster.externalLocal[0] === 1;
      // Mark and go on; or short circuits for pods and the node, which is marked, and on only where this node has an endpoint.
      written.rules += toLocal ? Number(layout.tellsPods) + 2 + (chains.localCount > 0 ? 1 : 0) : 2;
    }
    if (chains.usesFirewall) {
      written.chains.add(`firewall ${p}`);
      written.rules += 1;
      // nft compares with a single range.
      if (ranges > 1) written.elements += ranges;
    }
    if (!hasEndpointChains(cluster, p, layout)) continue;
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (!isReached(cluster, e, chains)) continue;
      written.chains.add(`endpoint ${p} ${cluster.endpointAddress[e]}:${cluster.endpointPort[e]}`);
      // The hairpin test up to 1.35, the affinity set's update, DNAT.
      written.rules += Number(layout.hasEndpointChains) + Number(sticky) + 1;
    }
  }
  return written;
}

/** Elements of named maps that differ: a verdict changes when the first endpoint joins or the last leaves. */
function compareMaps(
  before: Cluster,
  after: Cluster,
  layout: NftLayout,
): { written: number; deleted: number } {
  const old = listElements(before, layout);
  const now = listElements(after, layout);
  let written = 0;
  let deleted = 0;
  for (const [key, value] of now) {
    if (old.get(key) === value) continue;
    written++;
    // An element can't be given another verdict: it is deleted and added (nftElementStorage.ensureElem).
    if (old.has(key)) deleted++;
  }
  for (const key of old.keys()) if (!now.has(key)) deleted++;
  return { written, deleted };
}

/** Key → value of every element, over all named maps. */
function listElements(cluster: Cluster, layout: NftLayout): Map<string, string> {
  const elements = new Map<string, string>();
  const maps = listMaps(cluster, layout);
  const add = (name: string, contents: Int32Vector, keyWords: number, words: number): void => {
    const view = contents.view();
    for (let at = 0; at < view.length; at += words) {
      const key = view.subarray(at, at + keyWords).join();
      elements.set(`${name} ${key}`, view.subarray(at + keyWords, at + words).join());
    }
  };
  add("service-ips", maps.serviceIps, 3, 5);
  add("service-nodeports", maps.nodePorts, 2, 3);
  add("firewall-ips", maps.firewallIps, 3, 4);
  add("no-endpoint-services", maps.noEndpointServices, 3, 5);
  add("no-endpoint-nodeports", maps.noEndpointNodePorts, 2, 4);
  return elements;
}

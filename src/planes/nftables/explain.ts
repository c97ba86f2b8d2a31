/** The same decision as `model.ts`, counted and in words. The contract suite holds both to the same answers. */

import type { Cluster } from "../../cluster/cluster.js";
import { formatAddress } from "../../cluster/cluster.js";
import { DROP, type Explanation, type Flow, noWork, PASS, REJECT } from "../plane.js";
import type { AffinityTable } from "../shared/affinity.js";
import type { SourceRanges } from "../shared/source-ranges.js";
import type { ChainMemory } from "./chain-memory.js";
import * as layout from "./layout.js";
import { MISS, type NodePortTable, type ServiceTable } from "./rhashtable.js";
import type { Tables } from "./tables.js";

/** What an explanation needs of a model: its tables and its state, not its lookup. */
export interface ExplainedModel {
  readonly cluster: Cluster;
  readonly tables: Tables;
  readonly chains: ChainMemory;
  readonly affinity: AffinityTable;
  readonly ranges: SourceRanges;
  readonly mapSeed: number;
  isLocal(address: number): boolean;
  isNode(address: number): boolean;
  isPod(address: number): boolean;
  isServiceRange(address: number): boolean;
  remembers(chain: number, timeoutSec: number, src: number, nowSec: number): boolean;
  randomBelow(bound: number): number;
}

/** Explains one flow on a model, consuming its randomness and affinity as a lookup does. */
export function explainNftables(
  model: ExplainedModel,
  flow: Flow,
  nowSec: number,
  path?: string[],
): Explanation {
  const { tables, cluster } = model;
  const { words } = model.chains;
  const src = flow.src | 0;
  const dst = flow.dst | 0;
  const { dport, protocol } = flow;
  const work = noWork();
  const say = (line: string): void => {
    path?.push(line);
  };

  if (tables.noEndpointServices.size > 0 && model.isLocal(src)) {
    say("filter-output, which stands before nat-output");
    work.filterRulesVisited += 2;
    const refused = findService("no-endpoint-services", tables.noEndpointServices);
    if (refused !== MISS) return { decision: tables.noEndpointServices.value(refused), work };
  }
  if (tables.firewallIps.size > 0) {
    work.filterRulesVisited++;
    const fenced = findService("firewall-ips", tables.firewallIps);
    if (fenced !== MISS) {
      work.filterRulesVisited++;
      const allowed = model.ranges.allows(tables.firewallIps.value(fenced), src);
      say(`source ${allowed ? "inside" : "outside"} the ranges`);
      if (!allowed) return { decision: DROP, work };
    }
  }
  // nat-prerouting jumps to `services`, whose first rule is the map of addresses.
  work.rulesVisited += 2;
  let chain = layout.NONE;
  const service = findService("service-ips", tables.serviceIps);
  if (service !== MISS) chain = tables.serviceIps.value(service);
  else {
    work.rulesVisited++;
    if (model.isNode(dst)) {
      const nodePort = findNodePort("service-nodeports", tables.nodePorts);
      if (nodePort !== MISS) chain = tables.nodePorts.value(nodePort);
    }
  }
  const chosen = chain === layout.NONE ? PASS : enter(chain);
  return { decision: chosen >= 0 ? chosen : filter(), work };

  function findService(name: string, table: ServiceTable): number {
    work.mapLookups++;
    work.hashProbes += table.probes(dst, protocol, dport);
    const element = table.find(dst, protocol, dport);
    say(`@${name}: ${element === MISS ? "miss" : "hit"}`);
    return element;
  }

  function findNodePort(name: string, table: NodePortTable): number {
    work.mapLookups++;
    work.hashProbes += table.probes(protocol, dport);
    const element = table.find(protocol, dport);
    say(`@${name}: ${element === MISS ? "miss" : "hit"}`);
    return element;
  }

  function enter(entered: number): number {
    let blob = words[entered + layout.CHAIN_BLOB]!;
    let masquerade = false;
    const kind = words[blob + layout.BLOB_KIND];
    if (kind === layout.KIND_EXTERNAL) {
      // Jump to mark-for-masquerade, its one rule, then goto the service's chain.
      work.rulesVisited += 3;
      masquerade = true;
      say("external chain: mark for masquerade, goto the service's chain");
      blob = words[words[blob + layout.EXTERNAL_SERVICE]! + layout.CHAIN_BLOB]!;
    } else if (kind === layout.KIND_EXTERNAL_LOCAL) {
      const next = throughLocal(blob);
      masquerade = next.masquerade;
      if (next.chain === layout.NONE) return PASS;
      blob = words[next.chain + layout.CHAIN_BLOB]!;
    }
    const isTested = words[blob + layout.BLOB_KIND] === layout.KIND_SERVICE;
    if (isTested) work.rulesVisited++;
    const own =
      isTested &&
      words[blob + layout.SERVICE_PROTOCOL] === protocol &&
      words[blob + layout.SERVICE_ADDRESS] === dst &&
      words[blob + layout.SERVICE_PORT] === dport;
    if (own && !model.isPod(src)) {
      work.rulesVisited++;
      masquerade = true;
      say("source outside the pod range: mark for masquerade");
    }
    const endpointBlob = words[pick(blob) + layout.CHAIN_BLOB]!;
    const endpoint = words[endpointBlob + layout.ENDPOINT_INDEX]!;
    work.rulesVisited++;
    if (words[endpointBlob + layout.ENDPOINT_ADDRESS] === src) {
      work.rulesVisited++;
      masquerade = true;
      say("the client is the endpoint: mark for masquerade");
    }
    if (words[endpointBlob + layout.ENDPOINT_STICKY] === 1) {
      work.rulesVisited++;
      work.mapLookups++;
      model.affinity.put(endpoint, src, 0, nowSec);
      say("update the affinity set");
    }
    work.rulesVisited++;
    if (path)
      say(`dnat to ${formatAddress(cluster.endpointAddress[endpoint]!)}:${cluster.endpointPort[endpoint]}`);
    return endpoint * 2 + Number(masquerade);
  }

  function throughLocal(blob: number): { chain: number; masquerade: boolean } {
    const service = words[blob + layout.EXTERNAL_SERVICE]!;
    work.rulesVisited++;
    if (model.isPod(src)) {
      say("external chain, policy Local: a pod goes to the service's chain");
      return { chain: service, masquerade: false };
    }
    work.rulesVisited++;
    if (model.isLocal(src)) {
      // Jump to mark-for-masquerade, its rule, then the goto.
      work.rulesVisited += 2;
      say("external chain, policy Local: the node itself is masqueraded and goes to the service's chain");
      return { chain: service, masquerade: true };
    }
    work.rulesVisited += 2;
    say("external chain, policy Local: goto the local chain");
    return { chain: words[blob + layout.EXTERNAL_LOCAL_CHAIN]!, masquerade: false };
  }

  /** The endpoint's chain: by affinity, or by chance. */
  function pick(blob: number): number {
    const sticky = words[blob + layout.BLOB_STICKY]!;
    const choosing = blob + layout.choosingStart(words[blob + layout.BLOB_KIND]!);
    for (let i = 0; i < sticky; i++) {
      const chain = words[choosing + i * layout.AFFINITY_RULE_WORDS + layout.AFFINITY_CHAIN]!;
      work.rulesVisited++;
      work.mapLookups++;
      if (model.remembers(chain, words[blob + layout.BLOB_TIMEOUT]!, src, nowSec)) {
        say(`affinity set ${i + 1} of ${sticky}: hit`);
        return chain;
      }
    }
    if (sticky > 0) say(`${sticky} affinity sets: a new client`);
    const numgen = choosing + sticky * layout.AFFINITY_RULE_WORDS;
    const modulus = words[numgen + layout.NUMGEN_MODULUS]!;
    const key = model.randomBelow(modulus);
    work.rulesVisited++;
    work.mapLookups++;
    say(`numgen random mod ${modulus}: ${key}`);
    const set = words[numgen + layout.NUMGEN_SET]!;
    let element = words[layout.bucketOf(set, key, words[set + layout.SET_BUCKET_BITS]!, model.mapSeed)]!;
    for (;;) {
      work.hashProbes++;
      if (words[element + layout.ELEMENT_KEY] === key) return words[element + layout.ELEMENT_CHAIN]!;
      element = words[element + layout.ELEMENT_NEXT]!;
    }
  }

  function filter(): number {
    work.filterRulesVisited += 2;
    const refused = findService("no-endpoint-services", tables.noEndpointServices);
    if (refused !== MISS) return tables.noEndpointServices.value(refused);
    if (model.isNode(dst)) {
      work.filterRulesVisited++;
      const nodePort = findNodePort("no-endpoint-nodeports", tables.noEndpointNodePorts);
      if (nodePort !== MISS) return tables.noEndpointNodePorts.value(nodePort);
    }
    work.filterRulesVisited += 2;
    work.mapLookups++;
    work.hashProbes += tables.clusterIps.probes(dst);
    const known = tables.clusterIps.find(dst) !== MISS;
    say(`@cluster-ips: ${known ? "hit, but no service on this port: REJECT" : "miss"}`);
    if (known) return REJECT;
    if (!model.isServiceRange(dst)) return PASS;
    say("an address of the service range that no service has: DROP");
    return DROP;
  }
}

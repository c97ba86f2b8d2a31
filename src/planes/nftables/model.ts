/** The nftables model: verdict maps, then goto from chain to chain. */

import { type Cidr, type Cluster, inCidr } from "../../cluster/cluster.js";
import { type Decision, DROP, type Explanation, type Flow, type Model, PASS, REJECT } from "../plane.js";
import { ABSENT, AffinityTable } from "../shared/affinity.js";
import type { KubeProxySettings } from "../shared/kube-proxy.js";
import { SourceRanges } from "../shared/source-ranges.js";
import { nextInt32, reseed, xorshiftState } from "../shared/xorshift.js";
import { explainNftables } from "./explain.js";
import * as layout from "./layout.js";
import { firewallSources } from "./rules/service-text.js";
import type { Tables } from "./rules/tables.js";
import { AnonymousMaps } from "./structures/anonymous-maps.js";
import type { ChainMemory } from "./structures/chain-memory.js";
import { MISS } from "./structures/rhashtable.js";
import { type NftLayout, nftLayout } from "./version.js";

/** Size of each affinity set that kube-proxy declares (nftables' default for dynamic sets). */
const AFFINITY_CLIENTS = 65_535;
const AFFINITY_CAPACITY = 1 << 18;

/** What a model walks. */
export interface NftablesParts {
  readonly cluster: Cluster;
  readonly settings: KubeProxySettings;
  readonly tables: Tables;
  readonly chains: ChainMemory;
  /** Of the anonymous maps' hashes. */
  readonly mapSeed: number;
}

export class NftablesModel implements Model {
  readonly cluster: Cluster;
  readonly tables: Tables;
  readonly chains: ChainMemory;
  readonly affinity: AffinityTable;
  readonly ranges: SourceRanges;
  readonly maps: AnonymousMaps;
  readonly layout: NftLayout;
  /** Address and port of the endpoint that was chosen last. */
  readonly target = new Int32Array(2);
  readonly #masqueradeAll: boolean;
  readonly #random = xorshiftState(1);
  readonly #nodes: Int32Array;
  readonly #serviceBase: number;
  readonly #serviceMask: number;
  readonly #moreServices: readonly Cidr[];
  readonly #podBase: number;
  readonly #podMask: number;

  constructor({ cluster, settings, tables, chains, mapSeed }: NftablesParts, seed: number) {
    const { network, affinitySeconds } = cluster;
    const mask = (prefixLength: number) => (prefixLength === 0 ? 0 : -1 << (32 - prefixLength));
    this.cluster = cluster;
    this.tables = tables;
    this.chains = chains;
    this.layout = nftLayout(settings);
    this.maps = new AnonymousMaps(chains.words, this.layout.hasSizedMaps, mapSeed);
    this.#masqueradeAll = settings.masqueradeAll;
    this.ranges = new SourceRanges(cluster, (s) => firewallSources(cluster, s));
    const sticky = affinitySeconds.some((seconds) => seconds > 0);
    this.affinity = sticky
      ? new AffinityTable({
          groups: chains.endpoint.length,
          capacity: AFFINITY_CAPACITY,
          groupLimit: AFFINITY_CLIENTS,
        })
      : new AffinityTable({ capacity: 1 });
    this.#nodes = Int32Array.from(network.nodeAddresses, (address) => address | 0);
    this.#serviceBase = network.serviceCidr.base | 0;
    this.#serviceMask = mask(network.serviceCidr.prefixLength);
    this.#moreServices = network.moreServiceCidrs ?? [];
    this.#podBase = network.podCidr.base | 0;
    this.#podMask = mask(network.podCidr.prefixLength);
    this.reset(seed);
  }

  lookup(
    src: number,
    _sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const { serviceIps, nodePorts, firewallIps, clusterIps, hairpins } = this.tables;
    // Priority -110: the load-balancer firewall alone. The kernel looks into empty maps too.
    const fenced = firewallIps.find(dst, protocol, dport);
    if (fenced !== MISS && !this.ranges.allows(firewallIps.value(fenced), src)) return DROP;
    let marked = 0;
    if (!this.layout.hasEndpointChains && clusterIps.find(dst) !== MISS && this.isMasqueraded(src))
      marked = 1;
    let chain = layout.NONE;
    const service = serviceIps.find(dst, protocol, dport);
    if (service !== MISS) chain = serviceIps.value(service);
    else if (this.servesNodePorts(dst)) {
      const nodePort = nodePorts.find(protocol, dport);
      if (nodePort !== MISS) chain = nodePorts.value(nodePort);
    }
    const chosen = chain === layout.NONE ? PASS : this.#enter(chain, marked, src, nowSec);
    if (chosen < 0) return this.#filter(src, dst, dport, protocol);
    // Priority 0, after DNAT: all other checks meet the endpoint's address.
    const target = this.target;
    const refused = this.#filter(src, target[0]!, target[1]!, protocol);
    if (refused !== PASS) return refused;
    if (this.layout.hasEndpointChains || (chosen & 1) === 1) return chosen;
    return hairpins.find(src, target[0]!, protocol, target[1]!) === MISS ? chosen : chosen | 1;
  }

  /** Goes through a service's or external chain to an endpoint, and leaves it in `target`. PASS when policy Local leaves none. */
  #enter(entered: number, marked: number, src: number, nowSec: number): Decision {
    const { words } = this.chains;
    const { target } = this;
    let blob = words[entered + layout.CHAIN_BLOB]!;
    let masquerade = marked;
    let kind = words[blob + layout.BLOB_KIND]!;
    const isExternal = kind === layout.KIND_EXTERNAL || kind === layout.KIND_EXTERNAL_LOCAL;
    if (isExternal) {
      let next = words[blob + layout.EXTERNAL_SERVICE]!;
      if (kind === layout.KIND_EXTERNAL) masquerade = 1;
      else if (!this.isPod(src)) {
        if (this.isLocal(src)) masquerade = 1;
        else next = words[blob + layout.EXTERNAL_LOCAL_CHAIN]!;
      }
      if (next === layout.NONE) return PASS;
      blob = words[next + layout.CHAIN_BLOB]!;
      kind = words[blob + layout.BLOB_KIND]!;
    }
    if (kind === layout.KIND_SINGLE) {
      target[0] = words[blob + layout.SINGLE_ADDRESS]!;
      target[1] = words[blob + layout.SINGLE_PORT]!;
      return (words[blob + layout.SINGLE_INDEX]! << 1) | masquerade;
    }
    if (kind === layout.KIND_MAP) {
      const element = this.#pick(words[blob + layout.MAP_MODULUS]!, words[blob + layout.MAP_SET]!);
      target[0] = this.maps.address(element);
      target[1] = this.maps.port(element);
      return (this.maps.index(element) << 1) | masquerade;
    }
    // What comes through an external chain goes to another address than the one that the masquerade test asks for.
    if (kind === layout.KIND_SERVICE && !isExternal && this.failsPodTest(blob, src)) masquerade = 1;
    const choosing = blob + layout.choosingStart(kind);
    const sticky = words[blob + layout.BLOB_STICKY]!;
    const stuck = sticky === 0 ? layout.NONE : this.#affinityChain(blob, choosing, sticky, src, nowSec);
    const endpointChain = stuck === layout.NONE ? this.#balance(choosing, sticky) : stuck;
    const endpoint = words[endpointChain + layout.CHAIN_BLOB]!;
    if (this.layout.hasEndpointChains && words[endpoint + layout.ENDPOINT_ADDRESS] === src) masquerade = 1;
    const index = words[endpoint + layout.ENDPOINT_INDEX]!;
    if (words[endpoint + layout.ENDPOINT_STICKY] === 1) this.affinity.put(index, src, 0, nowSec);
    target[0] = words[endpoint + layout.ENDPOINT_DNAT_ADDRESS]!;
    target[1] = words[endpoint + layout.ENDPOINT_DNAT_PORT]!;
    return (index << 1) | masquerade;
  }

  /** The masquerade test of layouts up to 1.35, once the cluster IP has matched. */
  failsPodTest(blob: number, src: number): boolean {
    const { words } = this.chains;
    return (src & words[blob + layout.POD_MASK]!) !== words[blob + layout.POD_BASE];
  }

  /** One rule an endpoint: is the source in its set? */
  #affinityChain(blob: number, choosing: number, sticky: number, src: number, nowSec: number): number {
    const words = this.chains.words;
    for (let i = 0; i < sticky; i++) {
      const chain = words[choosing + i * layout.AFFINITY_RULE_WORDS + layout.AFFINITY_CHAIN]!;
      if (this.remembers(chain, words[blob + layout.BLOB_TIMEOUT]!, src, nowSec)) return chain;
    }
    return layout.NONE;
  }

  /** Whether an endpoint's affinity set holds a client; elements expire when their timeout has passed. */
  remembers(endpointChain: number, timeout: number, src: number, nowSec: number): boolean {
    const words = this.chains.words;
    const index = words[words[endpointChain + layout.CHAIN_BLOB]! + layout.ENDPOINT_INDEX]!;
    const entry = this.affinity.find(index, src);
    return entry !== ABSENT && this.affinity.stamp(entry) + timeout > nowSec;
  }

  /** `numgen random mod E vmap { … }`. */
  #balance(choosing: number, sticky: number): number {
    const words = this.chains.words;
    const numgen = choosing + sticky * layout.AFFINITY_RULE_WORDS;
    const element = this.#pick(words[numgen + layout.NUMGEN_MODULUS]!, words[numgen + layout.NUMGEN_SET]!);
    return this.maps.chain(element);
  }

  /** A random element of an anonymous map. */
  #pick(modulus: number, set: number): number {
    return this.maps.find(set, this.randomBelow(modulus));
  }

  /** reciprocal_scale(get_random_u32(), E). */
  randomBelow(bound: number): number {
    return Math.floor(((nextInt32(this.#random) >>> 0) / 4294967296) * bound) | 0;
  }

  /** What the filter hooks at priority 0 say of a packet's destination after NAT: PASS where they let it through. */
  #filter(src: number, dst: number, dport: number, protocol: number): Decision {
    const { noEndpointServices, noEndpointNodePorts, clusterIps } = this.tables;
    const isForUs = this.isLocal(dst);
    if (!isForUs || this.isLocal(src)) {
      // forward, or output.
      const refused = noEndpointServices.find(dst, protocol, dport);
      if (refused !== MISS) return noEndpointServices.value(refused);
      if (clusterIps.find(dst) !== MISS) return REJECT;
      if (this.isServiceRange(dst)) return DROP;
    }
    if (!isForUs) return PASS;
    // input.
    if (this.checksNodePorts(dst)) {
      const nodePort = noEndpointNodePorts.find(protocol, dport);
      if (nodePort !== MISS) return noEndpointNodePorts.value(nodePort);
    }
    const refused = noEndpointServices.find(dst, protocol, dport);
    return refused === MISS ? PASS : noEndpointServices.value(refused);
  }

  /** Whether NodePorts answer at an address: `@nodeport-ips`, or any local one but loopback. */
  servesNodePorts(address: number): boolean {
    const { nodePortIps } = this.tables;
    return nodePortIps === null ? this.isNode(address) : nodePortIps.find(address) !== MISS;
  }

  /** The same of the check for NodePorts without endpoints. */
  checksNodePorts(address: number): boolean {
    const { nodePortIps } = this.tables;
    return nodePortIps === null ? address >>> 24 !== 127 : nodePortIps.find(address) !== MISS;
  }

  /** Whether a source that asks for a cluster IP is masqueraded, since 1.36. */
  isMasqueraded(src: number): boolean {
    return this.#masqueradeAll || (this.layout.marksClusterIps && !this.isPod(src));
  }

  isNode(address: number): boolean {
    for (let i = 0; i < this.#nodes.length; i++) if (this.#nodes[i] === address) return true;
    return false;
  }

  /** `fib saddr type local`. */
  isLocal(address: number): boolean {
    return address >>> 24 === 127 || this.isNode(address);
  }

  /** Whether kube-proxy knows that an address is a pod's. */
  isPod(address: number): boolean {
    return this.layout.tellsPods && (address & this.#podMask) === this.#podBase;
  }

  isServiceRange(address: number): boolean {
    if ((address & this.#serviceMask) === this.#serviceBase) return true;
    // Few, so a scan stands for the kernel's tree.
    for (let i = 0; i < this.#moreServices.length; i++)
      if (inCidr(this.#moreServices[i]!, address)) return true;
    return false;
  }

  explain(flow: Flow, nowSec: number, path?: string[]): Explanation {
    return explainNftables(this, flow, nowSec, path);
  }

  reset(seed: number): void {
    reseed(this.#random, seed);
    this.affinity.clear();
  }
}

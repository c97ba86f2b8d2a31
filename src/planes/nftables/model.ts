/** The nftables model: verdict maps, then goto from chain to chain. */

import type { Cluster } from "../../cluster/cluster.js";
import { type Decision, DROP, type Explanation, type Flow, type Model, PASS, REJECT } from "../plane.js";
import { ABSENT, AffinityTable } from "../shared/affinity.js";
import { SourceRanges } from "../shared/source-ranges.js";
import { nextInt32, reseed, xorshiftState } from "../shared/xorshift.js";
import type { ChainMemory } from "./chain-memory.js";
import { explainNftables } from "./explain.js";
import * as layout from "./layout.js";
import { MISS } from "./rhashtable.js";
import type { Tables } from "./tables.js";

/** Size of each affinity set that kube-proxy declares (nftables' default for dynamic sets). */
const AFFINITY_CLIENTS = 65_535;
const AFFINITY_CAPACITY = 1 << 18;

export class NftablesModel implements Model {
  readonly cluster: Cluster;
  readonly tables: Tables;
  readonly chains: ChainMemory;
  readonly affinity: AffinityTable;
  readonly ranges: SourceRanges;
  readonly mapSeed: number;
  readonly #random = xorshiftState(1);
  readonly #nodes: Int32Array;
  readonly #serviceBase: number;
  readonly #serviceMask: number;
  readonly #podBase: number;
  readonly #podMask: number;

  constructor(cluster: Cluster, tables: Tables, chains: ChainMemory, mapSeed: number, seed: number) {
    const { network, affinitySeconds } = cluster;
    const mask = (prefixLength: number) => (prefixLength === 0 ? 0 : -1 << (32 - prefixLength));
    this.cluster = cluster;
    this.tables = tables;
    this.chains = chains;
    this.mapSeed = mapSeed;
    this.ranges = new SourceRanges(cluster);
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
    const { serviceIps, nodePorts, firewallIps, noEndpointServices } = this.tables;
    // On the output hook filter (-110) stands before nat (-100): what the node itself sends is refused before it is
    // translated. Seen in the kernel.
    if (noEndpointServices.size > 0 && this.isLocal(src)) {
      const refused = noEndpointServices.find(dst, protocol, dport);
      if (refused !== MISS) return noEndpointServices.value(refused);
    }
    if (firewallIps.size > 0) {
      const fenced = firewallIps.find(dst, protocol, dport);
      if (fenced !== MISS && !this.ranges.allows(firewallIps.value(fenced), src)) return DROP;
    }
    let chain = layout.NONE;
    const service = serviceIps.find(dst, protocol, dport);
    if (service !== MISS) chain = serviceIps.value(service);
    else if (this.isNode(dst)) {
      const nodePort = nodePorts.find(protocol, dport);
      if (nodePort !== MISS) chain = nodePorts.value(nodePort);
    }
    const chosen = chain === layout.NONE ? PASS : this.#enter(chain, src, dst, dport, protocol, nowSec);
    return chosen >= 0 ? chosen : this.#filter(dst, dport, protocol);
  }

  /** Goes through a service's or external chain to an endpoint's. PASS when policy Local leaves none. */
  #enter(
    entered: number,
    src: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision {
    const words = this.chains.words;
    let blob = words[entered + layout.CHAIN_BLOB]!;
    let masquerade = 0;
    let choosing = layout.AFTER_MASQUERADE;
    const kind = words[blob + layout.BLOB_KIND]!;
    if (kind !== layout.KIND_SERVICE) {
      let next = words[blob + layout.EXTERNAL_SERVICE]!;
      if (kind === layout.KIND_EXTERNAL) masquerade = 1;
      else if (!this.isPod(src)) {
        if (this.isLocal(src)) masquerade = 1;
        else next = words[blob + layout.EXTERNAL_LOCAL_CHAIN]!;
      }
      if (next === layout.NONE) return PASS;
      blob = words[next + layout.CHAIN_BLOB]!;
      choosing = layout.choosingStart(words[blob + layout.BLOB_KIND]!);
    }
    if (
      choosing === layout.AFTER_MASQUERADE &&
      words[blob + layout.SERVICE_PROTOCOL] === protocol &&
      words[blob + layout.SERVICE_ADDRESS] === dst &&
      words[blob + layout.SERVICE_PORT] === dport &&
      (src & words[blob + layout.POD_MASK]!) !== words[blob + layout.POD_BASE]
    ) {
      masquerade = 1;
    }
    const sticky = words[blob + layout.BLOB_STICKY]!;
    const stuck = sticky === 0 ? layout.NONE : this.#stuckTo(blob, choosing, sticky, src, nowSec);
    const endpointChain = stuck === layout.NONE ? this.#balance(blob + choosing, sticky) : stuck;
    const endpoint = words[endpointChain + layout.CHAIN_BLOB]!;
    if (words[endpoint + layout.ENDPOINT_ADDRESS] === src) masquerade = 1;
    const index = words[endpoint + layout.ENDPOINT_INDEX]!;
    if (words[endpoint + layout.ENDPOINT_STICKY] === 1) this.affinity.put(index, src, 0, nowSec);
    return (index << 1) | masquerade;
  }

  /** One rule an endpoint: is the source in its set? */
  #stuckTo(blob: number, choosing: number, sticky: number, src: number, nowSec: number): number {
    const words = this.chains.words;
    for (let i = 0; i < sticky; i++) {
      const chain = words[blob + choosing + i * layout.AFFINITY_RULE_WORDS + layout.AFFINITY_CHAIN]!;
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
    const key = this.randomBelow(words[numgen + layout.NUMGEN_MODULUS]!);
    const set = words[numgen + layout.NUMGEN_SET]!;
    let element = words[layout.bucketOf(set, key, words[set + layout.SET_BUCKET_BITS]!, this.mapSeed)]!;
    while (words[element + layout.ELEMENT_KEY] !== key) element = words[element + layout.ELEMENT_NEXT]!;
    return words[element + layout.ELEMENT_CHAIN]!;
  }

  /** reciprocal_scale(get_random_u32(), E). */
  randomBelow(bound: number): number {
    return Math.floor(((nextInt32(this.#random) >>> 0) / 4294967296) * bound) | 0;
  }

  /** What the filter hooks say of a packet that NAT sent nowhere. */
  #filter(dst: number, dport: number, protocol: number): Decision {
    const { noEndpointServices, noEndpointNodePorts, clusterIps } = this.tables;
    const refused = noEndpointServices.find(dst, protocol, dport);
    if (refused !== MISS) return noEndpointServices.value(refused);
    if (this.isNode(dst)) {
      const nodePort = noEndpointNodePorts.find(protocol, dport);
      if (nodePort !== MISS) return noEndpointNodePorts.value(nodePort);
    }
    if (clusterIps.find(dst) !== MISS) return REJECT;
    return this.isServiceRange(dst) ? DROP : PASS;
  }

  isNode(address: number): boolean {
    for (let i = 0; i < this.#nodes.length; i++) if (this.#nodes[i] === address) return true;
    return false;
  }

  /** `fib saddr type local`. */
  isLocal(address: number): boolean {
    return address >>> 24 === 127 || this.isNode(address);
  }

  isPod(address: number): boolean {
    return (address & this.#podMask) === this.#podBase;
  }

  isServiceRange(address: number): boolean {
    return (address & this.#serviceMask) === this.#serviceBase;
  }

  explain(flow: Flow, nowSec: number, path?: string[]): Explanation {
    return explainNftables(this, flow, nowSec, path);
  }

  reset(seed: number): void {
    reseed(this.#random, seed);
    this.affinity.clear();
  }
}

/**
 * Calico's lookup (calico_v4_nat_lookup in felix/bpf-gpl/nat_lookup.h) over its maps, as the tc program runs
 * it for a first packet.
 */

import type { Cluster } from "../../cluster/cluster.js";
import { type Family, familyOf } from "../../cluster/family.js";
import { type Decision, DROP, type Explanation, type Flow, type Model, PASS, REJECT } from "../plane.js";
import { ABSENT, AffinityTable } from "../shared/affinity.js";
import { type LpmTrie, MISS } from "../shared/lpm/trie.js";
import { nextInt32, reseed, xorshiftState } from "../shared/xorshift.js";
import { explainCalico } from "./explain.js";
import {
  ANY_NODE,
  BACKEND_ADDRESS,
  BACKEND_ENDPOINT,
  DROP_COUNT,
  EXTERNAL_LOCAL,
  FE_AFFINITY,
  FE_COUNT,
  FE_FLAGS,
  FE_FRONTEND,
  FE_ID,
  FE_LOCAL,
  INTERNAL_LOCAL,
  LOOKUP_BITS,
  MAGLEV,
  portWord,
  ROUTE_FLAGS,
  ROUTE_HOST,
  ROUTE_WORKLOAD,
  sourceWord,
} from "./layout.js";
import { type BackendMap, NO_BACKEND } from "./maps/backends.js";
import { maglevPlace } from "./maps/maglev.js";

/** cali_v4_nat_aff. */
const AFFINITY_ENTRIES = 65_536;

export interface CalicoMaps {
  readonly frontends: LpmTrie;
  readonly backends: BackendMap;
  readonly routes: LpmTrie;
  /** null where no Service asks for Maglev. */
  readonly maglev: BackendMap | null;
}

export class CalicoModel implements Model {
  readonly cluster: Cluster;
  readonly maps: CalicoMaps;
  readonly affinity: AffinityTable;
  /** Endpoints that left: felix deletes what clients remember of them. */
  readonly removedBackends = new Set<number>();
  /** Address of each endpoint number, for those that affinity remembers. */
  readonly #addresses: Int32Array;
  readonly #random = xorshiftState(1);
  readonly #nodes: Int32Array;
  readonly #podBase: number;
  readonly #podMask: number;
  readonly #family: Family;

  /** `capacity`: endpoints are numbered below it. */
  constructor(cluster: Cluster, maps: CalicoMaps, seed: number, capacity: number) {
    const { network, affinitySeconds } = cluster;
    this.cluster = cluster;
    this.maps = maps;
    const sticky = affinitySeconds.some((seconds) => seconds > 0);
    this.affinity = new AffinityTable({ capacity: sticky ? AFFINITY_ENTRIES : 1 });
    this.#addresses = new Int32Array(sticky ? Math.max(capacity, cluster.endpoints) : 0);
    if (sticky) this.#addresses.set(cluster.endpointAddress);
    this.#nodes = Int32Array.from(network.nodeAddresses, (address) => address | 0);
    this.#podBase = network.podCidr.base | 0;
    this.#podMask = network.podCidr.prefixLength === 0 ? 0 : -1 << (32 - network.podCidr.prefixLength);
    this.#family = familyOf(network);
    this.reset(seed);
  }

  lookup(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision {
    const frontends = this.maps.frontends;
    const ports = portWord(dport, protocol, src);
    const inside = this.fromInside(src);
    let frontend = frontends.find(dst, ports, sourceWord(src), LOOKUP_BITS);
    if (frontend === MISS) {
      // What comes from outside the node is not a NodePort of another one.
      if (!inside || !this.isHost(dst)) return PASS;
      frontend = frontends.find(ANY_NODE, ports, sourceWord(src), LOOKUP_BITS);
      if (frontend === MISS) return PASS;
    }
    const words = frontends.words;
    const flags = words[frontend + FE_FLAGS]!;
    const { maglev } = this.maps;
    if ((flags & MAGLEV) !== 0 && !inside && maglev !== null) {
      // Another program goes on: it knows neither policies nor affinity.
      const backend = maglev.find(words[frontend + FE_ID]!, this.place(src, sport, dst, dport, protocol));
      return backend === NO_BACKEND ? REJECT : maglev.words[backend + BACKEND_ENDPOINT]! << 1;
    }
    let count = words[frontend + FE_COUNT]!;
    if (count === DROP_COUNT) return DROP;
    if ((flags & (INTERNAL_LOCAL | EXTERNAL_LOCAL)) !== 0) {
      const policy = inside || this.isKnown(src) ? INTERNAL_LOCAL : EXTERNAL_LOCAL;
      if ((flags & policy) !== 0) count = words[frontend + FE_LOCAL]!;
    }
    if (count === 0) return REJECT;
    const timeout = words[frontend + FE_AFFINITY]!;
    if (timeout !== 0) {
      const group = words[frontend + FE_FRONTEND]!;
      let endpoint = this.remembered(group, src, timeout, nowSec);
      if (endpoint < 0) endpoint = this.pick(words[frontend + FE_ID]!, count);
      this.affinity.put(group, src, endpoint, nowSec);
      return (endpoint << 1) | (this.#addresses[endpoint] === src ? 1 : 0);
    }
    const backends = this.maps.backends;
    const backend = backends.find(words[frontend + FE_ID]!, this.ordinal(count));
    // A pod that reaches itself: CALI_CT_FLAG_SVC_SELF has iptables masquerade it.
    const hairpin = backends.words[backend + BACKEND_ADDRESS] === src;
    return (backends.words[backend + BACKEND_ENDPOINT]! << 1) | (hairpin ? 1 : 0);
  }

  /** An endpoint for a client that has none. */
  pick(id: number, count: number): number {
    const { backends } = this.maps;
    return backends.words[backends.find(id, this.ordinal(count)) + BACKEND_ENDPOINT]!;
  }

  /** The endpoint that a client had, or -1. It holds up to its timeout, that second included. */
  remembered(group: number, src: number, timeout: number, nowSec: number): number {
    const entry = this.affinity.find(group, src);
    if (entry === ABSENT || nowSec - this.affinity.stamp(entry) > timeout) return -1;
    const endpoint = this.affinity.value(entry);
    return this.removedBackends.size > 0 && this.removedBackends.has(endpoint) ? -1 : endpoint;
  }

  /** 31 random bits: the kernel takes `prandom_u32() % count` of 32. */
  ordinal(count: number): number {
    return (nextInt32(this.#random) >>> 1) % count;
  }

  /** Place of a packet in a Maglev table. */
  place(src: number, sport: number, dst: number, dport: number, protocol: number): number {
    return maglevPlace(src, sport, dst, dport, protocol, this.#family);
  }

  addressOf(endpoint: number): number {
    return this.#addresses[endpoint]!;
  }

  /** An endpoint that joins. */
  know(endpoint: number, address: number): void {
    if (endpoint < this.#addresses.length) this.#addresses[endpoint] = address;
  }

  /** From a pod of the node or from the node itself: the program at a workload's interface, or towards the host's. */
  fromInside(src: number): boolean {
    if ((src & this.#podMask) === this.#podBase || src >>> 24 === 127) return true;
    for (let i = 0; i < this.#nodes.length; i++) if (this.#nodes[i] === src) return true;
    return false;
  }

  /** cali_rt_is_host. */
  isHost(address: number): boolean {
    const { routes } = this.maps;
    const route = routes.find(address, 0, 0, 32);
    return route !== MISS && (routes.words[route + ROUTE_FLAGS]! & ROUTE_HOST) !== 0;
  }

  /** A host or a workload of the cluster: what makes traffic at a host's interface "local". */
  isKnown(address: number): boolean {
    const { routes } = this.maps;
    const route = routes.find(address, 0, 0, 32);
    return route !== MISS && (routes.words[route + ROUTE_FLAGS]! & (ROUTE_HOST | ROUTE_WORKLOAD)) !== 0;
  }

  explain(flow: Flow, nowSec: number, path?: string[]): Explanation {
    return explainCalico(this, flow, nowSec, path);
  }

  reset(seed: number): void {
    reseed(this.#random, seed);
    this.affinity.clear();
  }
}

/**
 * The eBPF models: Cilium's lookups (lb4_lookup_service, lb4_lookup_wildcard_service, lb4_local in
 * bpf/lib/lb.h) over its maps, as bpf_lxc.c makes them for packets of pods, nodeport_lb4 for those from
 * outside, and bpf_sock.c at the socket.
 */

import { type Family, familyOf } from "../../cluster/family.js";
import { type Decision, DROP, type Explanation, type Flow, type Model, PASS, REJECT } from "../plane.js";
import { ABSENT, AffinityTable } from "../shared/affinity.js";
import { nextInt32, reseed, xorshiftState } from "../shared/xorshift.js";
import { explainEbpf } from "./explain.js";
import {
  AFFINITY,
  AFFINITY_MASK,
  BACKEND_ADDRESS,
  BACKEND_LOCAL,
  EXTERNAL_IP,
  EXTERNAL_LOCAL,
  KEY,
  OUTER_INNER,
  portSlot,
  protocolScope,
  ROUTABLE,
  SCOPE_EXTERNAL,
  SCOPE_INTERNAL,
  SERVICE_BACKEND,
  SERVICE_COUNT,
  SERVICE_FLAGS,
  SOURCE_RANGE,
  TWO_SCOPES,
} from "./layout.js";
import { MISS } from "./maps/htab.js";
import { HOST } from "./maps/ipcache.js";
import { maglevIndex } from "./maps/maglev.js";
import type { Context, MaglevMaps, Maps } from "./maps/maps.js";
import { LOOKUP_BITS, rangeId } from "./maps/ranges.js";

/** lb4_affinity: an LRU map of the same size as the others. */
const AFFINITY_ENTRIES = 65_536;

/** What both algorithms share; `pick` is where they differ. */
export abstract class CiliumModel implements Model {
  readonly context: Context;
  readonly maps: Maps;
  readonly affinity: AffinityTable;
  /** Ids of backends that left while clients may remember them: what lb_affinity_match no longer holds. */
  readonly removedBackends = new Set<number>();
  readonly #random = xorshiftState(1);
  readonly #nodes: Int32Array;
  readonly #podBase: number;
  readonly #podMask: number;
  /** Flags of frontends that are balanced at the node's own addresses only. */
  readonly #guarded: number;

  constructor(context: Context, maps: Maps, seed: number) {
    const { network, affinitySeconds } = context.cluster;
    this.context = context;
    this.maps = maps;
    const sticky = affinitySeconds.some((seconds) => seconds > 0);
    this.affinity = new AffinityTable({ capacity: sticky ? AFFINITY_ENTRIES : 1 });
    this.#nodes = Int32Array.from(network.nodeAddresses, (address) => address | 0);
    this.#podBase = network.podCidr.base | 0;
    this.#podMask = network.podCidr.prefixLength === 0 ? 0 : -1 << (32 - network.podCidr.prefixLength);
    // bpf_sock.c: else a Service could take a public address over (CVE-2020-8554).
    this.#guarded = context.atSocket ? EXTERNAL_IP : 0;
    this.reset(seed);
  }

  /** Backend id for a new connection of a service with at least one backend. */
  abstract pick(
    service: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    scope: number,
    inside: boolean,
  ): number;

  lookup(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision {
    const services = this.maps.services;
    const words = services.words;
    const inside = this.fromInside(src);
    let service = this.serviceAt(dst, dport, protocol, inside);
    if (service === MISS) {
      if (!inside) return services.find(dst, 0, 0) === MISS ? PASS : DROP;
      if (!this.isHost(dst)) return PASS;
      service = this.serviceAt(0, dport, protocol, true);
      if (service === MISS) return PASS;
    }
    const flags = words[service + SERVICE_FLAGS]!;
    if (!inside) {
      if ((flags & SOURCE_RANGE) !== 0 && !this.lets(service, src)) return DROP;
      if ((flags & ROUTABLE) === 0) return DROP;
    }
    if ((words[service + SERVICE_COUNT]! & 0xffff) === 0) return REJECT;
    if ((flags & this.#guarded) !== 0 && !this.isHost(dst)) return PASS;
    const address = words[service + KEY]!;
    const scope = words[service + KEY + 2]! >>> 8;
    const id =
      (flags & AFFINITY) !== 0
        ? this.pickSticky(service, src, sport, address, dport, protocol, scope, inside, nowSec)
        : this.pick(service, src, sport, address, dport, protocol, scope, inside);
    const backend = this.maps.backends.find(id);
    const backends = this.maps.backends.words;
    const hairpin = backends[backend + BACKEND_ADDRESS] === src;
    // SNAT mode: what comes from outside and leaves the node again gets the node's address.
    const leaves = !inside && (flags & EXTERNAL_LOCAL) === 0 && backends[backend + BACKEND_LOCAL] === 0;
    // The id that the element holds: in the kernel a packet waits for the address in it, so the next lookup waits for this map too.
    return ((backends[backend + KEY]! - 1) << 1) | (hairpin || leaves ? 1 : 0);
  }

  /**
   * lb4_lookup_service: a master element, of the internal scope for the inside where there are two. An
   * external IP has no internal one.
   */
  serviceAt(address: number, dport: number, protocol: number, inside: boolean): number {
    const { services } = this.maps;
    const service = services.find(address, portSlot(dport, 0), protocolScope(protocol, SCOPE_EXTERNAL));
    if (!inside || service === MISS || (services.words[service + SERVICE_FLAGS]! & TWO_SCOPES) === 0)
      return service;
    return services.find(address, portSlot(dport, 0), protocolScope(protocol, SCOPE_INTERNAL));
  }

  /** A backend under affinity: the one that the client had, if its timeout has not passed. Remembers either way. */
  pickSticky(
    service: number,
    src: number,
    sport: number,
    address: number,
    dport: number,
    protocol: number,
    scope: number,
    inside: boolean,
    nowSec: number,
  ): number {
    const frontend = this.frontendOf(service);
    let id = this.affinityBackend(service, frontend, src, nowSec);
    if (id === 0) id = this.pick(service, src, sport, address, dport, protocol, scope, inside);
    this.affinity.put(frontend, src, id, nowSec);
    return id;
  }

  /** Backend id that affinity remembers, or 0. Expiry is half-open: last_used + timeout <= now is expired. */
  affinityBackend(service: number, frontend: number, src: number, nowSec: number): number {
    const entry = this.affinity.find(frontend, src);
    const timeout = this.maps.services.words[service + SERVICE_BACKEND]! & AFFINITY_MASK;
    if (entry === ABSENT || this.affinity.stamp(entry) + timeout <= nowSec) return 0;
    const id = this.affinity.value(entry);
    return this.removedBackends.size > 0 && this.removedBackends.has(id) ? 0 : id;
  }

  /** Backend id of a slot drawn at random. */
  pickRandom(service: number, dst: number, dport: number, protocol: number, scope: number): number {
    const { services } = this.maps;
    const slot = this.randomSlot(services.words[service + SERVICE_COUNT]! & 0xffff);
    const element = services.find(dst, portSlot(dport, slot), protocolScope(protocol, scope));
    return services.words[element + SERVICE_BACKEND]!;
  }

  /** A slot from 1 to count. 31 random bits: the kernel takes `prandom_u32() % count` of 32. */
  randomSlot(count: number): number {
    return ((nextInt32(this.#random) >>> 1) % count) + 1;
  }

  /** rev_nat id of a master element. */
  frontendOf(service: number): number {
    const words = this.maps.services.words;
    return (words[service + SERVICE_COUNT]! >>> 16) | ((words[service + SERVICE_FLAGS]! >>> 16) << 16);
  }

  /** Whether a source range of a master element's frontend holds a client (lb4_src_range_ok). */
  lets(service: number, src: number): boolean {
    return this.maps.ranges.find(rangeId(this.frontendOf(service)), src, 0, LOOKUP_BITS) !== MISS;
  }

  /** East-west: a pod, or the node itself. */
  fromInside(src: number): boolean {
    return (src & this.#podMask) === this.#podBase || src >>> 24 === 127 || this.isNode(src);
  }

  /** Whether ipcache has an address as this node's: a NodePort there, and at other nodes, is looked up with address 0. */
  isHost(address: number): boolean {
    return this.maps.ipcache.identity(address) === HOST;
  }

  isNode(address: number): boolean {
    for (let i = 0; i < this.#nodes.length; i++) if (this.#nodes[i] === address) return true;
    return false;
  }

  explain(flow: Flow, nowSec: number, path?: string[]): Explanation {
    return explainEbpf(this, flow, nowSec, path);
  }

  reset(seed: number): void {
    reseed(this.#random, seed);
    this.affinity.clear();
  }
}

/** Random selection: a slot of the service map. */
export class EbpfModel extends CiliumModel {
  pick(
    service: number,
    _src: number,
    _sport: number,
    dst: number,
    dport: number,
    protocol: number,
    scope: number,
  ): number {
    return this.pickRandom(service, dst, dport, protocol, scope);
  }
}

/** Maglev selection for clients outside the cluster: the frontend's own table, by a hash of the flow. */
export class MaglevModel extends CiliumModel {
  readonly #maglev: MaglevMaps;
  readonly #family: Family;

  constructor(context: Context, maps: MaglevMaps, seed: number) {
    super(context, maps, seed);
    this.#maglev = maps;
    this.#family = familyOf(context.cluster.network);
  }

  get maglev(): MaglevMaps {
    return this.#maglev;
  }

  pick(
    service: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    scope: number,
    inside: boolean,
  ): number {
    // Pods and the node itself always draw (bpf_sock.c; bpf_lxc.c for what is balanced per packet).
    if (inside) return this.pickRandom(service, dst, dport, protocol, scope);
    const { outer, tables, tableSize } = this.#maglev;
    const element = outer.find(this.frontendOf(service));
    // Under affinity the source port is left out, so that a client's flows agree (lb4_select_backend_id_maglev).
    const sticky = (this.maps.services.words[service + SERVICE_FLAGS]! & AFFINITY) !== 0;
    const index = maglevIndex(src, sticky ? 0 : sport, dport, protocol, tableSize, this.#family);
    return tables[outer.words[element + OUTER_INNER]! + index]!;
  }
}

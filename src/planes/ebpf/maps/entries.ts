/** Map contents as data: what Cilium's agent would write for a cluster, before any hash or address of memory. */

import { type Cluster, INGRESS_IP } from "../../../cluster/cluster.js";
import { Int32Vector } from "../../shared/int32-vector.js";
import { AFFINITY, AFFINITY_MASK, portSlot, protocolScope, ROUTABLE } from "../layout.js";
import { type Frontend, frontendsOf } from "./frontends.js";
import { type EndpointStates, slotsOf, stateOf } from "./slots.js";

/** int32 words of a service entry: three of key, three of value. */
export const ENTRY_WORDS = 6;

export interface MapEntries {
  /** lb4_services_v2: master, then its slots, frontend by frontend. */
  readonly services: Int32Vector;
  /** Service-port behind each frontend; a frontend's index is its rev_nat id less one. */
  readonly frontendPort: Int32Vector;
  /** Frontend → the endpoints in its slots, as running starts and a list: those that count come first. */
  readonly backendStart: Int32Vector;
  readonly backends: Int32Vector;
  /** Frontend → how many of its slots count: new connections, and Maglev's tables, have no others. */
  readonly counts: Int32Vector;
  /** Frontend → 1 where outside clients are sent to it: where Maglev is on, it has a table. */
  readonly routable: Int32Vector;
}

/** The maps' entries of a cluster. */
export function listEntries(cluster: Cluster, states?: EndpointStates): MapEntries {
  const lists: MapEntries = {
    services: new Int32Vector((cluster.servicePorts * 2 + cluster.endpoints) * ENTRY_WORDS),
    frontendPort: new Int32Vector(cluster.servicePorts),
    backendStart: new Int32Vector(cluster.servicePorts + 1),
    backends: new Int32Vector(cluster.endpoints),
    counts: new Int32Vector(cluster.servicePorts),
    routable: new Int32Vector(cluster.servicePorts),
  };
  for (let s = 0; s < cluster.services; s++) {
    for (let p = cluster.portStart[s]!; p < cluster.portStart[s + 1]!; p++) {
      for (const frontend of frontendsOf(cluster, p)) addFrontend(lists, cluster, p, frontend, states);
    }
    // What comes from outside to an unanswered port of these addresses hits a wildcard: port 0, any protocol.
    addWildcard(lists, cluster, cluster.clusterIp[s]!);
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      if (cluster.externalKind[x] === INGRESS_IP) addWildcard(lists, cluster, cluster.externalAddress[x]!);
    }
  }
  lists.backendStart.push(lists.backends.length);
  return lists;
}

/** A master and its slots. */
function addFrontend(
  lists: MapEntries,
  cluster: Cluster,
  p: number,
  { address, port, scope, localOnly, flags }: Frontend,
  states: EndpointStates | undefined,
): void {
  const { services, backends, frontendPort, backendStart } = lists;
  const first = backends.length;
  backendStart.push(first);
  const { rows, count } = slotsOf(cluster, p, localOnly, states);
  for (const row of rows) backends.push(row);
  lists.counts.push(count);
  lists.routable.push(flags & ROUTABLE ? 1 : 0);
  const revNat = frontendPort.length + 1;
  frontendPort.push(p);
  const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
  const third = protocolScope(cluster.protocol[p]!, scope);
  services.push(address);
  services.push(portSlot(port, 0));
  services.push(third);
  services.push(seconds & AFFINITY_MASK);
  services.push(masterCount(count, revNat));
  services.push(masterFlags(flags, seconds, revNat));
  for (const [i, row] of rows.entries()) {
    services.push(address);
    services.push(portSlot(port, i + 1));
    services.push(third);
    services.push(row + 1);
    services.push(0);
    services.push(0);
  }
}

/** The word of a backend's port, protocol and state. */
export function backendPortWord(cluster: Cluster, p: number, row: number): number {
  return cluster.endpointPort[row]! | (cluster.protocol[p]! << 16) | (stateOf(cluster, row) << 24);
}

/** The word of a master's count and rev_nat_index. */
export function masterCount(count: number, revNat: number): number {
  return count | (revNat << 16);
}

/**
 * The word of a master's flags. Beyond 65,535 frontends rev_nat_index, 16 bits wide, can't tell them apart. Cilium stops
 * there; so that the random plane's cost can still be asked for, the model carries the upper bits in qcount, which
 * nothing here uses.
 */
export function masterFlags(flags: number, affinitySeconds: number, revNat: number): number {
  return flags | (affinitySeconds > 0 ? AFFINITY : 0) | ((revNat >>> 16) << 16);
}

function addWildcard({ services }: MapEntries, { network }: Cluster, address: number): void {
  // Else it would catch what is for the node itself.
  if (network.nodeAddresses.includes(address)) return;
  services.push(address);
  for (let i = 1; i < ENTRY_WORDS; i++) services.push(0);
}

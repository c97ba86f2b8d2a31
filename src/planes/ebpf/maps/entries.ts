/** Map contents as data: what Cilium's agent would write for a cluster, before any hash or address of memory. */

import {
  type Cluster,
  INGRESS_IP,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../../../cluster/cluster.js";
import { Int32Vector } from "../../shared/int32-vector.js";
import {
  AFFINITY,
  AFFINITY_MASK,
  EXTERNAL_LOCAL,
  portSlot,
  protocolScope,
  ROUTABLE,
  SCOPE_EXTERNAL,
  SCOPE_INTERNAL,
  SOURCE_RANGE,
  TWO_SCOPES,
} from "../layout.js";

/** int32 words of a service entry: three of key, three of value. */
export const ENTRY_WORDS = 6;

export interface MapEntries {
  /** lb4_services_v2: master, then its slots, frontend by frontend. */
  readonly services: Int32Vector;
  /** Service-port behind each frontend; a frontend's index is its rev_nat id less one. */
  readonly frontendPort: Int32Vector;
  /** Frontend → its endpoints in slot order, as running starts and a list: Maglev's tables are filled from them. */
  readonly backendStart: Int32Vector;
  readonly backends: Int32Vector;
}

/** Where a service-port is entered: an address, a port and a scope. */
export interface Frontend {
  readonly address: number;
  readonly port: number;
  readonly scope: number;
  /** Only endpoints of this node are its backends. */
  readonly localOnly: boolean;
  readonly flags: number;
}

/** The frontends of a service-port: its cluster IP, external addresses, and its NodePort at every address of the node. */
export function frontendsOf(cluster: Cluster, p: number): Frontend[] {
  const s = cluster.service[p]!;
  const port = cluster.port[p]!;
  const internalLocal = cluster.internalLocal[s] === 1;
  const externalLocal = cluster.externalLocal[s] === 1;
  const hasRanges = cluster.rangeStart[s] !== cluster.rangeStart[s + 1];
  const frontends: Frontend[] = [
    {
      address: cluster.clusterIp[s]!,
      port,
      scope: SCOPE_EXTERNAL,
      localOnly: internalLocal,
      flags: externalLocal ? EXTERNAL_LOCAL : 0,
    },
  ];
  const addExternal = (address: number, externalPort: number, more: number): void => {
    // Inside the cluster the external address follows the internal policy: where the two differ, so do the entries.
    const twoScopes = externalLocal !== internalLocal;
    const flags = more | (externalLocal ? EXTERNAL_LOCAL : 0) | (twoScopes ? TWO_SCOPES : 0);
    const frontend = { address, port: externalPort, flags };
    frontends.push({ ...frontend, scope: SCOPE_EXTERNAL, localOnly: externalLocal });
    if (twoScopes) frontends.push({ ...frontend, scope: SCOPE_INTERNAL, localOnly: internalLocal });
  };
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    const ranges = hasRanges && cluster.externalKind[x] === INGRESS_IP ? SOURCE_RANGE : 0;
    addExternal(cluster.externalAddress[x]!, port, ROUTABLE | ranges);
  }
  const nodePort = cluster.nodePort[p]!;
  if (nodePort !== 0) {
    for (const address of cluster.network.nodeAddresses) addExternal(address, nodePort, ROUTABLE);
    // For the addresses of other nodes, which the datapath asks for with address 0 again; nobody outside is sent there.
    addExternal(0, nodePort, 0);
  }
  return frontends;
}

/** The maps' entries of a cluster. */
export function listEntries(cluster: Cluster): MapEntries {
  const lists: MapEntries = {
    services: new Int32Vector((cluster.servicePorts * 2 + cluster.endpoints) * ENTRY_WORDS),
    frontendPort: new Int32Vector(cluster.servicePorts),
    backendStart: new Int32Vector(cluster.servicePorts + 1),
    backends: new Int32Vector(cluster.endpoints),
  };
  for (let s = 0; s < cluster.services; s++) {
    for (let p = cluster.portStart[s]!; p < cluster.portStart[s + 1]!; p++) {
      for (const frontend of frontendsOf(cluster, p)) addFrontend(lists, cluster, p, frontend);
    }
    // What comes from outside to an unanswered port of these addresses hits a wildcard: port 0, any protocol.
    addWildcard(lists, cluster.clusterIp[s]!);
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      if (cluster.externalKind[x] === INGRESS_IP) addWildcard(lists, cluster.externalAddress[x]!);
    }
  }
  lists.backendStart.push(lists.backends.length);
  return lists;
}

/** Rows of a frontend's backends in the order of their slots: by address, then port. */
export function backendRows(cluster: Cluster, p: number, localOnly: boolean): number[] {
  return rowsThat(cluster, p, localOnly ? servesPolicyLocal : servesPolicyCluster);
}

/** Rows of the endpoints that some frontend of a service-port sends to: the backends that there are. */
export function referencedRows(cluster: Cluster, p: number): number[] {
  const frontends = frontendsOf(cluster, p);
  const [some, all] = [
    frontends.some(({ localOnly }) => localOnly),
    frontends.every(({ localOnly }) => localOnly),
  ];
  return rowsThat(
    cluster,
    p,
    (local) => (!all && servesPolicyCluster(local)) || (some && servesPolicyLocal(local)),
  );
}

/** Rows of a service-port's endpoints that serve, in the order of their addresses. */
function rowsThat(cluster: Cluster, p: number, serves: (local: number) => boolean): number[] {
  const { endpointAddress, endpointPort, endpointLocal } = cluster;
  const rows: number[] = [];
  for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
    if (serves(endpointLocal[row]!)) rows.push(row);
  }
  return rows.sort(
    (a, b) => endpointAddress[a]! - endpointAddress[b]! || endpointPort[a]! - endpointPort[b]!,
  );
}

/** A master and its slots. */
function addFrontend(
  lists: MapEntries,
  cluster: Cluster,
  p: number,
  { address, port, scope, localOnly, flags }: Frontend,
): void {
  const { services, backends, frontendPort, backendStart } = lists;
  const first = backends.length;
  backendStart.push(first);
  for (const row of backendRows(cluster, p, localOnly)) backends.push(row);
  const count = backends.length - first;
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
  const list = backends.view();
  for (let slot = 1; slot <= count; slot++) {
    services.push(address);
    services.push(portSlot(port, slot));
    services.push(third);
    services.push(list[first + slot - 1]! + 1);
    services.push(0);
    services.push(0);
  }
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

function addWildcard({ services }: MapEntries, address: number): void {
  services.push(address);
  for (let i = 1; i < ENTRY_WORDS; i++) services.push(0);
}

/**
 * What kube-proxy sends the kernel for one change (pkg/proxy/ipvs/proxier.go syncEndpoint, graceful_termination.go): each
 * virtual service's destinations are compared and the differences written.
 */

import { applyChange, type Change, changedRows } from "../../cluster/change.js";
import { type Cluster, servesPolicyLocal, TCP } from "../../cluster/cluster.js";
import { extractService, rebaseChange } from "../../cluster/extract-service.js";
import { familyOf } from "../../cluster/family.js";
import type { UpdateCost } from "../plane.js";
import { DEST_BYTES } from "./layout.js";
import { SCHEDULERS, type SchedulerName } from "./schedulers/index.js";
import { elementWords } from "./tables/ipset.js";
import { HASH_SETS } from "./tables/set-entries.js";
import { isServer, listVirtualServices } from "./tables/virtual-services.js";

/**
 * Schedulers that refill a table when a destination is added or deleted, and whether they do so too when its weight
 * changes (`upd_dest` of struct ip_vs_scheduler: dh, which ignores weights, has none).
 */
const FILLS_TABLE: Partial<Record<SchedulerName, { readonly onWeight: boolean }>> = {
  sh: { onWeight: true },
  mh: { onWeight: true },
  dh: { onWeight: false },
};

/** Commands of IPVS and elements of sets that one change makes kube-proxy hand over. */
export interface UpdateCommands {
  readonly destinationsAdded: number;
  /** To 0, of those that leave and have connections. */
  readonly weightsSet: number;
  readonly destinationsDeleted: number;
  readonly elementsAdded: number;
  readonly elementsDeleted: number;
}

/**
 * Counts the commands of one change.
 *
 * @param nodes Addresses at which NodePorts answer.
 * @param haveConnections Whether endpoints that leave have connections: those of TCP get weight 0 until they are gone, others
 * are deleted at once (graceful_termination.go, deleteRsFunc).
 */
export function updateCommands(
  cluster: Cluster,
  change: Change,
  nodes: readonly number[],
  haveConnections: boolean,
): UpdateCommands {
  return commandsOf(cluster, change, changedDestinations(cluster, change, nodes), haveConnections);
}

function commandsOf(
  cluster: Cluster,
  change: Change,
  { added, removed }: ReturnType<typeof compareDestinations>,
  haveConnections: boolean,
): UpdateCommands {
  const { leaving, joining } = changedRows(cluster, change);
  return {
    destinationsAdded: added,
    weightsSet: haveConnections && cluster.protocol[change.servicePort] === TCP ? removed : 0,
    destinationsDeleted: removed,
    // KUBE-LOOP-BACK holds this node's endpoints, once each, whichever service-ports they stand behind.
    elementsAdded: joining.filter((row) => row >= 0 && servesPolicyLocal(cluster.endpointLocal[row]!)).length,
    elementsDeleted: leaving.filter(
      (row) =>
        servesPolicyLocal(cluster.endpointLocal[row]!) && standsAlone(cluster, change.servicePort, row),
    ).length,
  };
}

/** What one change costs where endpoints that leave have connections. `nodes`: addresses at which NodePorts answer. */
export function updateCost(
  cluster: Cluster,
  change: Change,
  scheduler: SchedulerName,
  nodes: readonly number[] = cluster.network.nodeAddresses,
): UpdateCost {
  const destinations = changedDestinations(cluster, change, nodes);
  const { added, removed, virtualServices } = destinations;
  const commands = commandsOf(cluster, change, destinations, true);
  const graceful = cluster.protocol[change.servicePort] === TCP;
  const fills = FILLS_TABLE[scheduler];
  const tables = fills ? added + removed * (graceful && fills.onWeight ? 2 : 1) : 0;
  const notes = [
    `virtual services changed: ${virtualServices}; a command each for an endpoint that joins, ${graceful ? "two for one that leaves while it has connections (weight 0, then delete)" : "one for one that leaves"}`,
    "each sync reads every virtual service and its destinations back, whatever changed",
  ];
  if (tables > 0) notes.push(`tables that the scheduler ${scheduler} refills: ${tables}`);
  return {
    rules: 0,
    chains: 0,
    mapWrites: Object.values(commands).reduce((sum, count) => sum + count, 0),
    bytes:
      added * DEST_BYTES +
      tables * SCHEDULERS[scheduler].dataBytes +
      commands.elementsAdded * elementWords(HASH_SETS["KUBE-LOOP-BACK"], familyOf(cluster.network)) * 4,
    notes,
  };
}

/** Those of the virtual services of the service that changes. */
function changedDestinations(cluster: Cluster, change: Change, nodes: readonly number[]) {
  const before = extractService(cluster, cluster.service[change.servicePort]!);
  return compareDestinations(before, applyChange(before, rebaseChange(cluster, change)), nodes);
}

/** Differences over all virtual services: under policy Local one endpoint can bring others in or out. */
function compareDestinations(before: Cluster, after: Cluster, nodes: readonly number[]) {
  let added = 0;
  let removed = 0;
  const old = destinations(before, nodes);
  const now = destinations(after, nodes);
  for (const [row, servers] of now.entries()) {
    for (const server of servers) if (!old[row]!.has(server)) added++;
    for (const server of old[row]!) if (!servers.has(server)) removed++;
  }
  const changed = now.filter((servers, row) => [...servers].join() !== [...old[row]!].join()).length;
  return { added, removed, virtualServices: changed };
}

/** Virtual service → its destinations, as `address:port` numbers. */
function destinations(cluster: Cluster, nodes: readonly number[]): Set<string>[] {
  const order = Uint32Array.from({ length: cluster.servicePorts }, (_, port) => port);
  const virtual = listVirtualServices(cluster, order, nodes);
  const { count, servicePort } = virtual;
  return Array.from({ length: count }, (_, row) => {
    const servers = new Set<string>();
    const p = servicePort[row]!;
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (!isServer(virtual, row, cluster, e)) continue;
      servers.add(`${cluster.endpointAddress[e]}:${cluster.endpointPort[e]}`);
    }
    return servers;
  });
}

/** Whether no other service-port has this endpoint, on this node, with the same protocol. */
export function standsAlone(cluster: Cluster, servicePort: number, endpoint: number): boolean {
  const { endpointAddress, endpointPort, endpointStart, endpointLocal, protocol } = cluster;
  for (let p = 0; p < cluster.servicePorts; p++) {
    if (p === servicePort || protocol[p] !== protocol[servicePort]) continue;
    for (let e = endpointStart[p]!; e < endpointStart[p + 1]!; e++) {
      if (endpointAddress[e] !== endpointAddress[endpoint] || endpointPort[e] !== endpointPort[endpoint])
        continue;
      if (servesPolicyLocal(endpointLocal[e]!)) return false;
    }
  }
  return true;
}

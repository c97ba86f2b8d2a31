/** Endpoints come and go: a cluster with one such change applied. */

import { InvalidChangeError } from "../errors.js";
import { Random } from "../random.js";
import { FreeAddresses } from "./allocate.js";
import { type Cluster, LOCAL, REMOTE, servesPolicyCluster } from "./cluster.js";
import { serviceCidrsOf } from "./service-ranges.js";

/** A change to the endpoints of one service-port. `endpoint` is a row of the cluster's endpoint columns. */
export type Change =
  | { readonly kind: "join"; readonly servicePort: number }
  | { readonly kind: "leave"; readonly servicePort: number; readonly endpoint: number }
  /** A rolling restart of this share of the endpoints (0 < share <= 1, at least one): new ones join, then the old leave. */
  | { readonly kind: "rollout"; readonly servicePort: number; readonly share: number };

/** A change in rows: which endpoints leave (ascending), and for each that joins, the endpoint it stands in for. */
export interface ChangedRows {
  readonly leaving: readonly number[];
  /** Endpoint rows whose port and node a new one takes over; -1 for one that replaces none. */
  readonly joining: readonly number[];
}

/**
 * The cluster after a change: the same columns but for the endpoints of one service-port. Those that stay keep their
 * order and new ones follow, with free addresses of the pod range. An endpoint that joins runs on another
 * node; one that replaces another runs where that ran. `seed` chooses which endpoints a rollout replaces.
 * Time and memory: O(endpoints of the cluster).
 *
 * @param cluster The cluster before; it is not modified.
 * @param change What happens to the endpoints of one service port.
 * @param seed Chooses which endpoints a rollout replaces.
 * @returns The cluster after the change.
 * @throws InvalidChangeError where the service port or endpoint does not exist, or no address is left.
 * @example
 * ```ts
 * import { applyChange, generateCluster } from "lbscale";
 *
 * const before = generateCluster({ services: 10, seed: 1 });
 * const after = applyChange(before, { kind: "join", servicePort: 3 });
 * console.log(after.endpointAddress.length - before.endpointAddress.length); // 1
 * ```
 */
export function applyChange(cluster: Cluster, change: Change, seed = 1): Cluster {
  const { servicePort } = change;
  const { leaving, joining } = changedRows(cluster, change, seed);
  const first = cluster.endpointStart[servicePort]!;
  const end = cluster.endpointStart[servicePort + 1]!;
  const left = new Set(leaving);
  const kept: number[] = [];
  for (let row = first; row < end; row++) if (!left.has(row)) kept.push(row);

  const fresh = freshAddresses(cluster, joining.length);
  const likely = end > first ? cluster.endpointPort[first]! : cluster.port[servicePort]!;
  const address = [...kept.map((row) => cluster.endpointAddress[row]!), ...fresh];
  const port = [...kept, ...joining].map((row) => (row < 0 ? likely : cluster.endpointPort[row]!));
  const local = [...kept, ...joining].map((row) => (row < 0 ? REMOTE : cluster.endpointLocal[row]!));
  // Where no other is left, what terminates serves both policies.
  if (!local.some(servesPolicyCluster)) local.fill(LOCAL);
  const grown = joining.length - leaving.length;
  const endpoints = cluster.endpoints + grown;
  /** Puts the service-port's new rows in place of its old ones. */
  const splice = <Column extends Uint8Array | Uint16Array | Uint32Array>(
    column: Column,
    spliced: Column,
    rows: readonly number[],
  ): Column => {
    spliced.set(column.subarray(0, first));
    spliced.set(rows, first);
    spliced.set(column.subarray(end), end + grown);
    return spliced;
  };
  const earlier = cluster.source.parameters.changes;
  return {
    ...cluster,
    source: {
      ...cluster.source,
      parameters: {
        ...cluster.source.parameters,
        changes: [...(Array.isArray(earlier) ? earlier : []), { ...change, seed }],
      },
    },
    endpointStart: cluster.endpointStart.map((start, p) => (p > servicePort ? start + grown : start)),
    endpoints,
    endpointAddress: splice(cluster.endpointAddress, new Uint32Array(endpoints), address),
    endpointPort: splice(cluster.endpointPort, new Uint16Array(endpoints), port),
    endpointLocal: splice(cluster.endpointLocal, new Uint8Array(endpoints), local),
  };
}

/** Which rows a change touches. Throws InvalidChangeError for what can't be. */
export function changedRows(cluster: Cluster, change: Change, seed = 1): ChangedRows {
  const { servicePort } = change;
  if (!Number.isInteger(servicePort) || servicePort < 0 || servicePort >= cluster.servicePorts) {
    throw new InvalidChangeError(
      `there is no service-port ${servicePort}: this cluster numbers them from 0 to ${cluster.servicePorts - 1}`,
    );
  }
  const first = cluster.endpointStart[servicePort]!;
  const end = cluster.endpointStart[servicePort + 1]!;
  if (change.kind === "join") return { leaving: [], joining: [-1] };
  if (first === end) {
    throw new InvalidChangeError(
      `service-port ${servicePort} has no endpoint that could leave: choose another or let one join`,
    );
  }
  if (change.kind === "leave") {
    const { endpoint } = change;
    if (!Number.isInteger(endpoint) || endpoint < first || endpoint >= end) {
      throw new InvalidChangeError(
        `endpoint ${endpoint} does not belong to service-port ${servicePort}, whose endpoints are ${first} to ${end - 1}`,
      );
    }
    return { leaving: [endpoint], joining: [] };
  }
  const { share } = change;
  if (!(share > 0 && share <= 1)) {
    throw new InvalidChangeError(
      `a rollout can't replace a share of ${share}: give a number above 0, at most 1`,
    );
  }
  const count = Math.max(1, Math.round(share * (end - first)));
  const positions = Uint32Array.from({ length: end - first }, (_, position) => position);
  Random.fromSeed(seed, "rollout").shuffle(positions);
  const leaving = [...positions.subarray(0, count).sort()].map((position) => first + position);
  return { leaving, joining: leaving };
}

/** A change as single joins and leaves, each in the rows that the one before leaves: a rollout's new endpoints join first. */
export function singleChanges(cluster: Cluster, change: Change): readonly Change[] {
  if (change.kind !== "rollout") return [change];
  const { servicePort } = change;
  const { leaving, joining } = changedRows(cluster, change);
  return [
    ...joining.map((): Change => ({ kind: "join", servicePort })),
    ...leaving.map((row, gone): Change => ({ kind: "leave", servicePort, endpoint: row - gone })),
  ];
}

/** Addresses of the endpoints that join, in their order: those that the whole cluster has free. */
export function joiningAddresses(cluster: Cluster, change: Change): number[] {
  const count = changedRows(cluster, change).joining.length;
  if (count === 0) return [];
  const { endpointAddress, endpointStart } = applyChange(cluster, change);
  const end = endpointStart[change.servicePort + 1]!;
  return [...endpointAddress.subarray(end - count, end)];
}

function freshAddresses(cluster: Cluster, count: number): number[] {
  if (count === 0) return [];
  const { network } = cluster;
  const taken = new Set(network.nodeAddresses);
  for (const column of [cluster.clusterIp, cluster.endpointAddress, cluster.externalAddress]) {
    for (const address of column) taken.add(address);
  }
  const free = new FreeAddresses({
    range: network.podCidr,
    network,
    taken,
    reserved: [network.clientCidr, ...serviceCidrsOf(network)],
    what: "endpoints",
  });
  return Array.from({ length: count }, () => free.next());
}

/** Which endpoints stand in a frontend's slots, in which order, and how many of them count. */

import { type Cluster, LOCAL_POLICY_ONLY, servesPolicyLocal } from "../../../cluster/cluster.js";
import { frontendsOf } from "./frontends.js";

/** States of an endpoint, in the order of the slots (BackendState in pkg/loadbalancer/loadbalancer.go). */
export const ACTIVE = 0;
export const TERMINATING = 1;
export const TERMINATING_NOT_SERVING = 2;
/** Not ready: it has an entry in the map of backends, and no slot. */
export const MAINTENANCE = 4;

/**
 * The state of each row of a cluster that holds all endpoints of its EndpointSlices, whether they are used or not. Without it
 * rows are in use, as in any other cluster, and only those that serve policy Local alone are known to terminate.
 */
export type EndpointStates = Uint8Array<ArrayBuffer>;

export interface Slots {
  readonly rows: readonly number[];
  /** The first of them, which new connections go to; the others wait until their connections end. */
  readonly count: number;
}

/** The slots of a frontend: by state, then address, then port. */
export function slotsOf(cluster: Cluster, p: number, localOnly: boolean, states?: EndpointStates): Slots {
  const rows = membersOf(cluster, p, localOnly).filter(
    (row) => stateOf(cluster, row, states) !== MAINTENANCE,
  );
  sortRows(cluster, rows, states);
  const inState = (state: number) => rows.filter((row) => stateOf(cluster, row, states) === state).length;
  if (states === undefined) return { rows, count: localOnly ? rows.length : inState(ACTIVE) };
  return { rows, count: inState(ACTIVE) || inState(TERMINATING) };
}

/** Rows of the endpoints that some frontend of a service-port has: the backends that there are. */
export function referencedRows(cluster: Cluster, p: number, states?: EndpointStates): number[] {
  const onlyLocal = frontendsOf(cluster, p).every(({ localOnly }) => localOnly);
  const rows = membersOf(cluster, p, onlyLocal);
  sortRows(cluster, rows, states);
  return rows;
}

/** What `row` is, as far as it is known. */
export function stateOf(cluster: Cluster, row: number, states?: EndpointStates): number {
  if (states !== undefined) return states[row]!;
  return cluster.endpointLocal[row] === LOCAL_POLICY_ONLY ? TERMINATING : ACTIVE;
}

function membersOf(cluster: Cluster, p: number, localOnly: boolean): number[] {
  const rows: number[] = [];
  for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
    if (!localOnly || servesPolicyLocal(cluster.endpointLocal[row]!)) rows.push(row);
  }
  return rows;
}

function sortRows(cluster: Cluster, rows: number[], states?: EndpointStates): void {
  const { endpointPort } = cluster;
  rows.sort(
    (a, b) =>
      stateOf(cluster, a, states) - stateOf(cluster, b, states) ||
      compareAddresses(cluster, a, b) ||
      endpointPort[a]! - endpointPort[b]!,
  );
}

function compareAddresses({ endpointAddress, network: { ipv6 } }: Cluster, a: number, b: number): number {
  const [first, second] = [endpointAddress[a]!, endpointAddress[b]!];
  return ipv6 === undefined ? first - second : ipv6.compare(first, second);
}

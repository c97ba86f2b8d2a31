/**
 * How many calls Cilium's agent makes when one endpoint of a Service joins or leaves. It does not compare: each frontend of the
 * Service is written again, with all its slots (updateFrontend in pkg/loadbalancer/reconciler/bpf_reconciler.go, v1.20.2).
 */

import type { Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { ROUTABLE } from "./layout.js";
import { frontendsOf } from "./maps/frontends.js";
import { type EndpointStates, MAINTENANCE, referencedRows, slotsOf, stateOf } from "./maps/slots.js";

/** One service, and what is known of its endpoints' states. */
export interface ServiceState {
  readonly cluster: Cluster;
  readonly states: EndpointStates | undefined;
}

export interface OperationOptions {
  /** Tables are kept for frontends that are reached from outside. */
  readonly maglev: boolean;
  /** Whether another service has the backend too, which then stays. */
  readonly isShared: (address: number, port: number, protocol: number) => boolean;
}

/** Calls for a change from one state to the next. */
export function countOperations(
  before: ServiceState,
  after: ServiceState,
  { maglev, isShared }: OperationOptions,
): number {
  const { cluster } = after;
  const ranges = cluster.rangeStart[1]! - cluster.rangeStart[0]!;
  let operations = 0;
  for (let p = 0; p < cluster.servicePorts; p++) {
    for (const { localOnly, flags } of frontendsOf(cluster, p)) {
      const slots = slotsOf(cluster, p, localOnly, after.states).rows.length;
      const old = slotsOf(before.cluster, p, localOnly, before.states).rows.length;
      const references = old + maintained(before, p, localOnly);
      // A slot and its affinity match, which is deleted if there is none; the reverse NAT entry and the master; slots too many.
      operations += 2 * slots + 2 + Math.max(0, references - slots);
      // Ranges are written for every frontend, and so is a table where there is one to be.
      operations += ranges + (maglev && (flags & ROUTABLE) !== 0 ? 1 : 0);
    }
  }
  const [was, is] = [backendsOf(before), backendsOf(after)];
  for (const [name, { state }] of is) if (was.get(name)?.state !== state) operations++;
  for (const [name, { address, port, protocol }] of was) {
    // The backend, and its affinity match in the frontend that had it last.
    if (!is.has(name) && !isShared(address, port, protocol)) operations += 2;
  }
  return operations;
}

/** States after one join or leave, in the rows of a service. */
export function nextStates(
  { cluster, states }: ServiceState,
  step: Change,
  after: Cluster,
): EndpointStates | undefined {
  if (states === undefined) return undefined;
  if (step.kind === "leave") return states.filter((_, row) => row !== step.endpoint);
  const next = new Uint8Array(after.endpoints);
  const joined = cluster.endpointStart[step.servicePort + 1]!;
  next.set(states.subarray(0, joined));
  next.set(states.subarray(joined), joined + 1);
  return next;
}

/** Backends that have no slot: the agent counts them when it looks for slots that are too many. */
function maintained({ cluster, states }: ServiceState, p: number, localOnly: boolean): number {
  if (states === undefined) return 0;
  let count = 0;
  for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
    if (states[row] === MAINTENANCE && (!localOnly || cluster.endpointLocal[row] !== 0)) count++;
  }
  return count;
}

function backendsOf({ cluster, states }: ServiceState) {
  const backends = new Map<string, { address: number; port: number; protocol: number; state: number }>();
  for (let p = 0; p < cluster.servicePorts; p++) {
    const protocol = cluster.protocol[p]!;
    for (const row of referencedRows(cluster, p, states)) {
      const [address, port] = [cluster.endpointAddress[row]!, cluster.endpointPort[row]!];
      backends.set(`${address} ${port} ${protocol}`, {
        address,
        port,
        protocol,
        state: stateOf(cluster, row, states),
      });
    }
  }
  return backends;
}

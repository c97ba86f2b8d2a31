/**
 * What Cilium's agent writes for one change: the entries of the maps that differ, endpoint by endpoint. An endpoint that
 * joins takes the next slot; one that leaves lets those behind it move down.
 */

import { applyChange, type Change, joiningAddresses, singleChanges } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { extractService, rebaseChange } from "../../cluster/extract-service.js";
import { familyOf } from "../../cluster/family.js";
import type { UpdateCost } from "../plane.js";
import { AFFINITY_MATCH_WORDS, elementSizes, OUTER_WORDS } from "./layout.js";
import { ENTRY_WORDS, listEntries } from "./maps/entries.js";
import { ACTIVE, type EndpointStates, referencedRows, stateOf } from "./maps/slots.js";
import { countOperations, nextStates } from "./operations.js";

export interface MapState {
  /** Entries of a Maglev table; null for random selection. */
  readonly maglevSize: number | null;
  /** Room left in lb4_services_v2. */
  readonly freeEntries: number;
  /** Of the cluster's rows, where it holds endpoints that are not in use. */
  readonly states?: EndpointStates | undefined;
}

/** Map operations for one change. */
export function updateCost(cluster: Cluster, change: Change, state: MapState): UpdateCost {
  const { maglevSize } = state;
  const family = familyOf(cluster.network);
  const words = elementSizes(family);
  const service = cluster.service[change.servicePort]!;
  let at = extractService(cluster, service);
  let states = statesOf(cluster, service, state.states);
  const isShared = otherBackends(cluster, service);
  let operations = 0;
  // Slots are in the order of addresses: those that join need the addresses that the whole cluster has free.
  const joining = joiningAddresses(cluster, change);
  let mapWrites = 0;
  let bytes = 0;
  let tables = 0;
  let free = state.freeEntries;
  let refused = false;
  for (const step of singleChanges(at, rebaseChange(cluster, change))) {
    const after = applyChange(at, step);
    if (step.kind === "join")
      after.endpointAddress[after.endpointStart[step.servicePort + 1]! - 1] = joining.shift()!;
    const [slots, slotsAfter] = [listSlots(at), listSlots(after)];
    const services = compare(slots, slotsAfter);
    free += slots.size - slotsAfter.size;
    refused ||= free < 0;
    const backends = compare(listBackends(at), listBackends(after));
    const affinity = compare(listAffinityMatches(at), listAffinityMatches(after));
    mapWrites += [services, backends, affinity].reduce((sum, map) => sum + map.written + map.deleted, 0);
    bytes += 4 * (services.written * words.services + backends.written * words.backends);
    bytes += 4 * affinity.written * AFFINITY_MATCH_WORDS;
    if (maglevSize !== null) {
      const { written, deleted } = compare(listTables(at), listTables(after));
      mapWrites += written + deleted;
      tables += written;
      bytes += written * (maglevSize + OUTER_WORDS) * 4;
    }
    const statesAfter = nextStates({ cluster: at, states }, step, after);
    operations += countOperations(
      { cluster: at, states },
      { cluster: after, states: statesAfter },
      { maglev: maglevSize !== null, isShared },
    );
    at = after;
    states = statesAfter;
  }
  const notes = ["nothing of another service is written, and nothing is read back"];
  if (tables > 0) notes.push(`Maglev tables of ${maglevSize} entries, computed and written again: ${tables}`);
  if (refused)
    notes.push(
      `lb${family}_services_v2 is full: the kernel refuses (E2BIG) and the old entries keep serving`,
    );
  return { rules: 0, chains: 0, mapWrites, operations, bytes, notes };
}

/**
 * Calls for a service of which nothing changed here: where endpoints of its other family did, the agent writes its frontends of
 * both again.
 */
export function rewriteOperations(
  cluster: Cluster,
  service: number,
  state: Omit<MapState, "freeEntries">,
): number {
  const same = {
    cluster: extractService(cluster, service),
    states: statesOf(cluster, service, state.states),
  };
  return countOperations(same, same, { maglev: state.maglevSize !== null, isShared: () => true });
}

/** States of one service's rows. */
function statesOf(cluster: Cluster, service: number, states: EndpointStates | undefined) {
  const [first, end] = [cluster.portStart[service]!, cluster.portStart[service + 1]!];
  return states?.slice(cluster.endpointStart[first], cluster.endpointStart[end]);
}

/** Whether services but one have a backend. Looks through all rows: asked for an endpoint that leaves. */
function otherBackends(cluster: Cluster, service: number) {
  const { endpointAddress, endpointPort, endpointStart, protocol } = cluster;
  const [from, to] = [
    endpointStart[cluster.portStart[service]!]!,
    endpointStart[cluster.portStart[service + 1]!]!,
  ];
  return (address: number, port: number, wanted: number): boolean => {
    for (
      let row = endpointAddress.indexOf(address);
      row >= 0;
      row = endpointAddress.indexOf(address, row + 1)
    ) {
      if ((row >= from && row < to) || endpointPort[row] !== port) continue;
      const p = lastAtMost(endpointStart, row);
      if (protocol[p] === wanted) return true;
    }
    return false;
  };
}

/** The owner of a row: the last of the ascending starts that is not above it. */
function lastAtMost(starts: Uint32Array, row: number): number {
  let [low, high] = [0, starts.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= row) low = middle;
    else high = middle;
  }
  return low;
}

/** Differences between two maps. */
function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  let written = 0;
  let deleted = 0;
  for (const [key, value] of after) {
    if (before.get(key) !== value) written++;
  }
  for (const key of before.keys()) {
    if (!after.has(key)) deleted++;
  }
  return { written, deleted };
}

/** lb4_services_v2. Backends stand by address, because the model numbers them by row. */
function listSlots(cluster: Cluster): Map<string, string> {
  const slots = new Map<string, string>();
  const { services, backendStart, counts } = listEntries(cluster);
  const words = services.view();
  const [start, countOf] = [backendStart.view(), counts.view()];
  /** Slots of a master beyond those that count. */
  const waiting = (revNat: number) =>
    revNat === 0 ? 0 : start[revNat]! - start[revNat - 1]! - countOf[revNat - 1]!;
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    const [address, portSlot, scope, value, count, flags] = words.subarray(at, at + ENTRY_WORDS);
    const slot = portSlot! >>> 16;
    const backend = slot === 0 ? value : identity(cluster, value! - 1);
    slots.set(
      `${address}:${portSlot! & 0xffff}/${scope} slot ${slot}`,
      `${backend} ${count} ${flags} ${waiting(count! >>> 16)}`,
    );
  }
  return slots;
}

/** lb4_backends_v3. */
function listBackends(cluster: Cluster): Map<string, string> {
  const backends = new Map<string, string>();
  for (let p = 0; p < cluster.servicePorts; p++) {
    for (const row of referencedRows(cluster, p))
      backends.set(`${p} ${identity(cluster, row)}`, String(stateOf(cluster, row)));
  }
  return backends;
}

/** lb4_maglev: the backends which each frontend's table is filled from. */
function listTables(cluster: Cluster): Map<string, string> {
  const tables = new Map<string, string>();
  const { backendStart, backends, counts, routable } = listEntries(cluster);
  const [start, rows] = [backendStart.view(), backends.view()];
  for (const [frontend, count] of counts.view().entries()) {
    if (routable.view()[frontend] === 0) continue;
    const members = rows.subarray(start[frontend]!, start[frontend]! + count);
    tables.set(String(frontend), Array.from(members, (row) => identity(cluster, row)).join());
  }
  return tables;
}

/** lb_affinity_match: each backend of each frontend with affinity. */
function listAffinityMatches(cluster: Cluster): Map<string, string> {
  const matches = new Map<string, string>();
  if (cluster.affinitySeconds[0] === 0) return matches;
  const { frontendPort, backendStart, backends } = listEntries(cluster);
  const [start, endpoints] = [backendStart.view(), backends.view()];
  for (let frontend = 0; frontend < frontendPort.length; frontend++) {
    for (let at = start[frontend]!; at < start[frontend + 1]!; at++) {
      if (stateOf(cluster, endpoints[at]!) === ACTIVE)
        matches.set(`${frontend} ${identity(cluster, endpoints[at]!)}`, "");
    }
  }
  return matches;
}

function identity(cluster: Cluster, endpoint: number): string {
  return `${cluster.endpointAddress[endpoint]}:${cluster.endpointPort[endpoint]}`;
}

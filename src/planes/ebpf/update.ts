/**
 * What Cilium's agent writes for one change: the entries of the maps that differ, endpoint by endpoint. An endpoint that
 * joins takes the next slot; one that leaves lets those behind it move down.
 */

import { applyChange, type Change, changedRows, singleChanges } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { extractService, rebaseChange } from "../../cluster/extract-service.js";
import type { UpdateCost } from "../plane.js";
import { AFFINITY_MATCH_WORDS, BACKEND_WORDS, OUTER_WORDS, SERVICE_WORDS } from "./layout.js";
import { ENTRY_WORDS, listEntries, referencedRows } from "./maps/entries.js";

export interface MapState {
  /** Entries of each frontend's Maglev table; null for random selection. */
  readonly maglevSize: number | null;
  /** Room left in lb4_services_v2. */
  readonly freeEntries: number;
}

/** Map operations for one change. */
export function updateCost(cluster: Cluster, change: Change, state: MapState): UpdateCost {
  const { maglevSize } = state;
  let at = extractService(cluster, cluster.service[change.servicePort]!);
  // Slots are in the order of addresses: those that join need the addresses that the whole cluster has free.
  const joining = addressesOf(cluster, change);
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
    bytes += 4 * (services.written * SERVICE_WORDS + backends.written * BACKEND_WORDS);
    bytes += 4 * affinity.written * AFFINITY_MATCH_WORDS;
    if (maglevSize !== null) {
      mapWrites += services.frontends;
      tables += services.frontends;
      bytes += services.frontends * (maglevSize + OUTER_WORDS) * 4;
    }
    at = after;
  }
  const notes = ["nothing of another service is written, and nothing is read back"];
  if (tables > 0) notes.push(`Maglev tables of ${maglevSize} entries, computed and written anew: ${tables}`);
  if (refused)
    notes.push("lb4_services_v2 is full: the kernel refuses (E2BIG) and the old entries keep serving");
  return { rules: 0, chains: 0, mapWrites, bytes, notes };
}

/** Addresses of the endpoints that join, in their order. */
function addressesOf(cluster: Cluster, change: Change): number[] {
  const count = changedRows(cluster, change).joining.length;
  if (count === 0) return [];
  const { endpointAddress, endpointStart } = applyChange(cluster, change);
  const end = endpointStart[change.servicePort + 1]!;
  return [...endpointAddress.subarray(end - count, end)];
}

/** Differences between two maps; `frontends`: those of which an entry differs, by the key in front of the slot. */
function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  let written = 0;
  let deleted = 0;
  const frontends = new Set<string>();
  for (const [key, value] of after) {
    if (before.get(key) === value) continue;
    written++;
    frontends.add(frontendOf(key));
  }
  for (const key of before.keys()) {
    if (after.has(key)) continue;
    deleted++;
    frontends.add(frontendOf(key));
  }
  return { written, deleted, frontends: frontends.size };
}

const frontendOf = (key: string): string => key.split(SLOT)[0]!;
const SLOT = " slot ";

/** lb4_services_v2. Backends stand by address, because the model numbers them by row. */
function listSlots(cluster: Cluster): Map<string, string> {
  const slots = new Map<string, string>();
  const words = listEntries(cluster).services.view();
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    const [address, portSlot, scope, value, count, flags] = words.subarray(at, at + ENTRY_WORDS);
    const slot = portSlot! >>> 16;
    const backend = slot === 0 ? value : identity(cluster, value! - 1);
    slots.set(`${address}:${portSlot! & 0xffff}/${scope}${SLOT}${slot}`, `${backend} ${count} ${flags}`);
  }
  return slots;
}

/** lb4_backends_v3. */
function listBackends(cluster: Cluster): Map<string, string> {
  const backends = new Map<string, string>();
  for (let p = 0; p < cluster.servicePorts; p++) {
    for (const row of referencedRows(cluster, p)) backends.set(`${p} ${identity(cluster, row)}`, "");
  }
  return backends;
}

/** lb_affinity_match: each backend of each frontend with affinity. */
function listAffinityMatches(cluster: Cluster): Map<string, string> {
  const matches = new Map<string, string>();
  if (cluster.affinitySeconds[0] === 0) return matches;
  const { frontendPort, backendStart, backends } = listEntries(cluster);
  const [start, endpoints] = [backendStart.view(), backends.view()];
  for (let frontend = 0; frontend < frontendPort.length; frontend++) {
    for (let at = start[frontend]!; at < start[frontend + 1]!; at++) {
      matches.set(`${frontend} ${identity(cluster, endpoints[at]!)}`, "");
    }
  }
  return matches;
}

function identity(cluster: Cluster, endpoint: number): string {
  return `${cluster.endpointAddress[endpoint]}:${cluster.endpointPort[endpoint]}`;
}

/** The kernel memory of IPVS: services and their destinations, linked as `ipvsadm -A` and `-a` would link them. */

import type { Cluster } from "../../cluster/cluster.js";
import {
  AVAILABLE,
  addressFamily,
  DEST_ADDRESS,
  DEST_ENDPOINT,
  DEST_FAMILY_PORT,
  DEST_FLAGS,
  DEST_NEXT,
  DEST_WEIGHT,
  familyProtocol,
  LIST_PREVIOUS,
  PERSISTENT,
  SERVICE_ADDRESS,
  SERVICE_DESTINATION_COUNT,
  SERVICE_DESTINATIONS,
  SERVICE_FAMILY_PROTOCOL,
  SERVICE_FLAGS,
  SERVICE_PORT,
  SERVICE_TIMEOUT,
  SLAB_WORDS,
} from "./layout.js";
import { isServer, type VirtualServices } from "./tables/virtual-services.js";

/**
 * A large ArrayBuffer starts 16 bytes after a page boundary, because glibc's calloc keeps its header there; 48 bytes
 * on, the next cache line begins.
 */
const TO_CACHE_LINE_WORDS = 12;

export interface Memory {
  /**
   * Everything, addressed by word index. Word GENERATION counts resets: state whose stamp differs is as it was after
   * loading, so that a reset writes one word.
   */
  readonly words: Int32Array;
  /** Pointers to the services of one family, in the order of creation. */
  readonly services: Int32Array;
  /** Where the scheduler data of each may lie. */
  readonly schedulerData: Int32Array;
  /** Where destinations that join later lie, as many as there is room for. */
  readonly spareStart: number;
}

/** What ip_vs_add_dest writes into a destination. */
export interface Destination {
  readonly address: number;
  readonly port: number;
  readonly endpoint: number;
  readonly weight: number;
}

/** What one family has. */
export interface FamilyServices {
  readonly cluster: Cluster;
  readonly virtualServices: VirtualServices;
  readonly weights: Uint16Array | undefined;
}

/** Virtual services of one or both families as they are created: in turn, since kube-proxy syncs both side by side. */
export function* inCreationOrder(
  families: readonly { readonly virtualServices: VirtualServices }[],
): Generator<readonly [family: number, service: number]> {
  const most = Math.max(...families.map(({ virtualServices }) => virtualServices.count));
  for (let v = 0; v < most; v++) {
    for (const [i, { virtualServices }] of families.entries()) if (v < virtualServices.count) yield [i, v];
  }
}

/**
 * Loads the virtual services of a node's families into one memory, which each gets with its own services. kmalloc-512 serves both
 * structures, so a service lies in front of its destinations and consecutive services are (1 + E) * 512 bytes apart. `spare`:
 * destinations to leave room for.
 */
export function loadMemory(families: readonly FamilyServices[], schedulerWords: number, spare = 0): Memory[] {
  const count = families.reduce((sum, { virtualServices }) => sum + virtualServices.count, 0);
  const destinations = families.reduce((sum, { virtualServices }) => sum + virtualServices.destinations, 0);
  const schedulerStart = TO_CACHE_LINE_WORDS + (count + destinations) * SLAB_WORDS;
  const spareStart = schedulerStart + count * schedulerWords;
  const words = new Int32Array(spareStart + spare * SLAB_WORDS);
  words[0] = 1;
  const memories = families.map(({ virtualServices }) => ({
    words,
    services: new Int32Array(virtualServices.count),
    schedulerData: new Int32Array(virtualServices.count),
    spareStart,
  }));
  let free = TO_CACHE_LINE_WORDS;
  let data = schedulerStart;
  for (const [i, v] of inCreationOrder(families)) {
    const { cluster, virtualServices: virtual, weights } = families[i]!;
    const p = virtual.servicePort[v]!;
    const service = free;
    const head = service + SERVICE_DESTINATIONS;
    free += SLAB_WORDS;
    memories[i]!.services[v] = service;
    memories[i]!.schedulerData[v] = data;
    data += schedulerWords;
    const family = addressFamily(cluster.network);
    words[service + SERVICE_FAMILY_PROTOCOL] = familyProtocol(family, cluster.protocol[p]!);
    words[service + SERVICE_ADDRESS] = virtual.address[v]!;
    words[service + SERVICE_PORT] = virtual.port[v]!;
    const timeout = cluster.affinitySeconds[cluster.service[p]!]!;
    words[service + SERVICE_FLAGS] = timeout > 0 ? PERSISTENT : 0;
    words[service + SERVICE_TIMEOUT] = timeout;
    words[head] = head;
    words[head + LIST_PREVIOUS] = head;
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (!isServer(virtual, v, cluster, e)) continue;
      const dest = free;
      free += SLAB_WORDS;
      addDestination(words, service, dest, {
        address: cluster.endpointAddress[e]!,
        port: cluster.endpointPort[e]!,
        endpoint: e,
        weight: weights ? weights[e]! : 1,
      });
    }
  }
  return memories;
}

/** __ip_vs_update_dest and __ip_vs_add_dest: fills a record in and links it. */
export function addDestination(
  words: Int32Array,
  service: number,
  dest: number,
  { address, port, endpoint, weight }: Destination,
): void {
  words[dest + DEST_FAMILY_PORT] = (words[service + SERVICE_FAMILY_PROTOCOL]! & 0xffff) | (port << 16);
  words[dest + DEST_ADDRESS] = address;
  words[dest + DEST_FLAGS] = AVAILABLE;
  words[dest + DEST_ENDPOINT] = endpoint;
  words[dest + DEST_WEIGHT] = weight;
  addAtHead(words, service + SERVICE_DESTINATIONS, dest);
  words[service + SERVICE_DESTINATION_COUNT]!++;
}

/** __ip_vs_unlink_dest. The record keeps its own pointers, as list_del_rcu leaves them for readers. */
export function unlinkDestination(words: Int32Array, service: number, dest: number): void {
  const next = words[dest + DEST_NEXT]!;
  const previous = words[dest + LIST_PREVIOUS]!;
  words[previous + DEST_NEXT] = next;
  words[next + LIST_PREVIOUS] = previous;
  words[dest + DEST_FLAGS] = 0;
  words[service + SERVICE_DESTINATION_COUNT]!--;
}

/** `list_add_rcu` (__ip_vs_add_dest): the list is newest first. */
function addAtHead(words: Int32Array, head: number, node: number): void {
  const next = words[head + DEST_NEXT]!;
  words[node + DEST_NEXT] = next;
  words[node + LIST_PREVIOUS] = head;
  words[next + LIST_PREVIOUS] = node;
  words[head + DEST_NEXT] = node;
}

/**
 * Where the kernel keeps what a lookup reads: word offsets (int32) into its structures, as in include/net/ip_vs.h of
 * Linux 6.1 on x86-64. Pointers are 8 bytes as in the kernel; the model stores a word index in the lower half. Addresses are
 * unions of both families in the kernel: structures are as long in IPv6, and the model has one word in the place of four, the
 * number that stands for the address (src/cluster/address-plan.ts).
 */

import type { AddressPlan } from "../../cluster/address-plan.js";
import type { Network } from "../../cluster/cluster.js";

/** No record lies at word 0. */
export const NULL = 0;

/** Word 0 of the memory counts resets: see `Memory`. */
export const GENERATION = 0;

/** Word 1: the seed of the last reset; 0 after loading. */
export const RESET_SEED = 1;

/** struct ip_vs_service: 440 bytes. */
export const SERVICE_BYTES = 440;
/** s_list.next, byte 0. */
export const SERVICE_NEXT = 0;
/** The resizable table keeps the hash in the node; byte 16, where the fixed one has f_list. */
export const SERVICE_HASH = 4;
/** af and protocol, two u16 at byte 36: one word to compare. */
export const SERVICE_FAMILY_PROTOCOL = 9;
/** addr, byte 40 (host order: it saves the model the swaps that the kernel doesn't do either). */
export const SERVICE_ADDRESS = 10;
/** port, byte 56. */
export const SERVICE_PORT = 14;
/** flags, byte 64. */
export const SERVICE_FLAGS = 16;
/** timeout of persistence, byte 68, in seconds. */
export const SERVICE_TIMEOUT = 17;
/** destinations.next, byte 88, and .prev. An empty list points to itself. */
export const SERVICE_DESTINATIONS = 22;
/** num_dests, byte 104. */
export const SERVICE_DESTINATION_COUNT = 26;
/** sched_data, byte 400. */
export const SERVICE_SCHEDULER_DATA = 100;
/** rcu_head, byte 424, idle while the service lives: the generation that wrote sched_data, on its cache line. */
export const SERVICE_STAMP = 106;

/** IP_VS_SVC_F_PERSISTENT. */
export const PERSISTENT = 1;
/** The model's own: destinations were added or deleted since loading, and no longer lie behind their service in order. */
export const SCATTERED = 0x10000;

/** struct ip_vs_dest: 464 bytes. */
export const DEST_BYTES = 464;
/** n_list.next, byte 0. */
export const DEST_NEXT = 0;
export const LIST_PREVIOUS = 2;
/** af and port, two u16 at byte 32. */
export const DEST_FAMILY_PORT = 8;
/** addr, byte 36. */
export const DEST_ADDRESS = 9;
/** flags, byte 52. */
export const DEST_FLAGS = 13;
/** IP_VS_DEST_F_AVAILABLE. */
export const AVAILABLE = 1;
/** conn_flags, byte 56, read for every new connection (ip_vs_bind_dest): the endpoint's number in the cluster. */
export const DEST_ENDPOINT = 14;
/** weight, byte 60. */
export const DEST_WEIGHT = 15;
/** idle_start, byte 352, idle while the dest is in use: the generation that wrote the counts, on their cache line. */
export const DEST_STAMP = 88;
/** activeconns, byte 360. */
export const DEST_ACTIVE = 90;
/** inactconns, byte 364. */
export const DEST_INACTIVE = 91;

/** Both structures come from the slab cache kmalloc-512: words from one object to the next. */
export const SLAB_WORDS = 128;

export const AF_INET = 2;
export const AF_INET6 = 10;

/** The kernel's number of a network's family. */
export function addressFamily({ ipv6 }: Pick<Network, "ipv6">): number {
  return ipv6 === undefined ? AF_INET : AF_INET6;
}

/** The word of SERVICE_FAMILY_PROTOCOL. */
export function familyProtocol(family: number, protocol: number): number {
  return family | (protocol << 16);
}

/** What IPVS hashes of an address: of IPv6 the four words folded to one. */
export function hashedAddress(plan: AddressPlan | undefined, address: number): number {
  return plan === undefined ? address : plan.fold(address);
}

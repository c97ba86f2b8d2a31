/**
 * Cilium's load-balancing maps (bpf/lib/lb.h) inside the kernel's hash map (kernel/bpf/hashtab.c), in int32 words. Elements of
 * IPv6 have their own sizes; in the model they hold the numbers that stand for addresses (src/cluster/address-plan.ts) where IPv4
 * has them, hashed as the last of four words.
 */

import type { Family } from "../../cluster/family.js";

/** struct bucket: nulls head and lock, 16 bytes. */
export const BUCKET_WORDS = 4;

/** struct htab_elem: next pointer at 0, hash at byte 40, key at byte 48. */
export const NEXT = 0;
export const HASH = 10;
export const KEY = 12;

/** Words of elements that hold addresses. */
export interface ElementSizes {
  readonly services: number;
  readonly backends: number;
  readonly reverseNat: number;
}

const IPV4_ELEMENTS: ElementSizes = {
  // 12-byte key padded to 16, 12-byte value padded to 16: 80 bytes.
  services: 20,
  // 4-byte key padded to 8, 12-byte value padded to 16: 72 bytes.
  backends: 18,
  // 2-byte key padded to 8, 6-byte value padded to 8: 64 bytes.
  reverseNat: 16,
};
const IPV6_ELEMENTS: ElementSizes = {
  // 24-byte key, 12-byte value padded to 16: 88 bytes.
  services: 22,
  // 4-byte key padded to 8, 24-byte value: 80 bytes.
  backends: 20,
  // 2-byte key padded to 8, 18-byte value padded to 24: 80 bytes.
  reverseNat: 20,
};

/** The sizes of a family. */
export function elementSizes(family: Family): ElementSizes {
  return family === 4 ? IPV4_ELEMENTS : IPV6_ELEMENTS;
}

/** lb4_maglev (HASH_OF_MAPS): 2-byte key padded to 8, pointer to the inner array: 64 bytes. */
export const OUTER_WORDS = 16;
/** lb_affinity_match: 8-byte key, 1-byte value padded to 8: 64 bytes. */
export const AFFINITY_MATCH_WORDS = 16;

/** A slab object of kmalloc-96, which holds any of these elements behind the allocator's list node of 8 bytes. */
export const SLAB_WORDS = 24;

/** Value of a service element: backend id of a slot; affinity timeout (24 bits) of a master. */
export const SERVICE_BACKEND = 16;
/** u16 count, u16 rev_nat_index. */
export const SERVICE_COUNT = 17;
/** u8 flags, u8 flags2, u16 qcount. */
export const SERVICE_FLAGS = 18;
export const AFFINITY_MASK = 0xffffff;

/** Value of a backend element: address; u16 port, u8 proto, u8 state. */
export const BACKEND_ADDRESS = 14;
export const BACKEND_PORT = 15;
/** In the padding: 1 = on this node. Cilium asks cilium_lxc, only for traffic from outside. */
export const BACKEND_LOCAL = 17;

/** Value of an outer element: where the inner array begins. */
export const OUTER_INNER = 14;

/** Flags of a master (SVC_FLAG_*, renumbered: their positions decide nothing here). */
export const ROUTABLE = 1;
export const AFFINITY = 2;
export const SOURCE_RANGE = 4;
export const TWO_SCOPES = 8;
/** externalTrafficPolicy Local: the source is kept. */
export const EXTERNAL_LOCAL = 16;
export const EXTERNAL_IP = 32;

export const SCOPE_EXTERNAL = 0;
export const SCOPE_INTERNAL = 1;

/** Second key word: dport and backend slot. */
export function portSlot(dport: number, slot: number): number {
  return dport | (slot << 16);
}

/** Third key word: protocol and scope. */
export function protocolScope(protocol: number, scope: number): number {
  return protocol | (scope << 8);
}

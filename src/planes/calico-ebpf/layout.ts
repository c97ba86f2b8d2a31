/**
 * Calico's load-balancing maps (felix/bpf-gpl/nat_types.h, routes.h) inside the kernel's LPM trie
 * (src/planes/shared/lpm/trie.ts) and hash map (kernel/bpf/hashtab.c), in int32 words.
 */

/** Value of cali_v4_nat_fe, 20 bytes. */
export const FE_ID = 9;
export const FE_COUNT = 10;
export const FE_LOCAL = 11;
export const FE_AFFINITY = 12;
export const FE_FLAGS = 13;
/** In the allocator's 8 bytes: which address, port and protocol this is, what affinity's key holds in Calico. */
export const FE_FRONTEND = 14;

/** NAT_FLG_*. */
export const EXTERNAL_LOCAL = 1;
export const INTERNAL_LOCAL = 2;
export const MAGLEV = 8;
/** NAT_FE_DROP_COUNT, 0xffffffff: no source range holds the client. */
export const DROP_COUNT = -1;

/** address 32, port 16, protocol 8; and with the source. */
export const FRONTEND_BITS = 56;
export const LOOKUP_BITS = 88;

/** The address of the frontend that stands for a NodePort at any node, 255.255.255.255. */
export const ANY_NODE = -1;

/**
 * Value of cali_v4_routes: flags, then a next hop. It begins where a frontend's does, a route's one word of
 * data being padded.
 */
export const ROUTE_FLAGS = 9;
export const ROUTE_IN_POOL = 1;
export const ROUTE_WORKLOAD = 4;
export const ROUTE_LOCAL = 8;
export const ROUTE_HOST = 16;

/** struct bucket: nulls head and lock, 16 bytes. */
export const BUCKET_WORDS = 4;
/**
 * cali_v4_nat_be: htab_elem 48, key 8, value 8: 64 bytes, and 8 of the allocator's: from the 96-byte class.
 */
export const BACKEND_WORDS = 24;
export const NEXT = 0;
export const HASH = 10;
/** In the padding behind the hash: the endpoint's number, which the kernel's value doesn't have. */
export const BACKEND_ENDPOINT = 11;
export const KEY = 12;
export const BACKEND_ADDRESS = 14;
export const BACKEND_PORT = 15;

/** The bytes of a word in the other order: what a little-endian machine reads of an address in a packet. */
export function swapBytes(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Second word of a frontend's data: the port's low byte comes first, because Calico writes it in the machine's order. */
export function portWord(port: number, protocol: number, source: number): number {
  return ((port & 0xff) << 24) | ((port >>> 8) << 16) | (protocol << 8) | (source >>> 24);
}

/** Third word: the rest of the source, and padding. */
export function sourceWord(source: number): number {
  return source << 8;
}

/**
 * How the kernel holds kube-proxy's nftables rules, in int32 words: chains, their rule blobs (nf_tables_core.c walks
 * `struct nft_rule_dp`). Anonymous maps are in structures/anonymous-maps.ts. Expression sizes are derived from the structs of
 * net/netfilter/nft_*.c: 8 bytes of ops pointer and the private data, rounded up to 8.
 */

/** No chain: offset 0 is never one. */
export const NONE = 0;

/** struct nft_chain, kmalloc-128: the blob's address comes first. */
export const CHAIN_WORDS = 32;
export const CHAIN_BLOB = 0;

/** In the first rule's handle: what the chain is, which the kernel reads off its expressions. */
export const BLOB_KIND = 1;
export const KIND_SERVICE = 1;
/** externalTrafficPolicy Cluster: mark, then the service's chain. */
export const KIND_EXTERNAL = 2;
/** externalTrafficPolicy Local: pods and the node are short-circuited to the service's chain, the rest goes to the local one. */
export const KIND_EXTERNAL_LOCAL = 3;
/** A service or local chain that only an external chain leads to: it has no masquerade test. */
export const KIND_UNTESTED = 4;

/** Since 1.36, without affinity: one rule that translates to an address of a map, or (since 1.37) to the only one there is. */
export const KIND_MAP = 5;
export const KIND_SINGLE = 6;

/** Behind nft_rule_blob's size. */
const FIRST_RULE = 2;
/** Chain that the cluster IP leads to, rule 1: daddr, then saddr masked against the pod range → jump. */
export const SERVICE_ADDRESS = 8;
export const POD_MASK = 18;
export const POD_BASE = 26;
/** Where rule 1 ends. Then, or first where there is no test: with affinity, one rule an endpoint; numgen and the verdict map. */
const AFTER_MASQUERADE = 38;
export const AFFINITY_RULE_WORDS = 28;
export const AFFINITY_CHAIN = 20;
const NUMGEN_RULE_WORDS = 22;
export const NUMGEN_MODULUS = 4;
export const NUMGEN_SET = 10;
/** In the header's spare bits: endpoints with an affinity rule, and their service's timeout. */
export const BLOB_STICKY = 2;
export const BLOB_TIMEOUT = 3;

/** The rule of KIND_MAP: l4proto, numgen, lookup, nat. Of KIND_SINGLE: l4proto, two immediates, nat. */
export const MAP_MODULUS = 16;
export const MAP_SET = 22;
export const SINGLE_ADDRESS = 16;
export const SINGLE_PORT = 24;
/** In the slab's padding: the endpoint's number. */
export const SINGLE_INDEX = 40;
const DNAT_RULE_WORDS = 36;

/** External chain: where it goes to. 0 = nowhere. */
export const EXTERNAL_SERVICE = 4;
export const EXTERNAL_LOCAL_CHAIN = 5;
export const EXTERNAL_BLOB_WORDS = 64;

/** Endpoint chain: hairpin test on saddr, then dnat. kmalloc-256. */
export const ENDPOINT_BLOB_WORDS = 64;
export const ENDPOINT_ADDRESS = 8;
export const ENDPOINT_DNAT_ADDRESS = 34;
export const ENDPOINT_DNAT_PORT = 42;
/** In the slab's padding: the endpoint's index, and 1 where the chain refreshes an affinity set. */
export const ENDPOINT_INDEX = 56;
export const ENDPOINT_STICKY = 57;

/** A bucket of an anonymous map: a pointer. */
export const BUCKET_WORDS = 2;
/** An element of an anonymous map, with a 4-byte key and a verdict or an address: kmalloc-64. */
export const ELEMENT_WORDS = 16;

/** kmalloc's size classes: powers of two from 8 bytes (96 and 192 aside). */
export function slabWords(words: number): number {
  return 2 ** Math.ceil(Math.log2(words));
}

/** Where a service or local chain's rules for choosing start in its blob. */
export function choosingStart(kind: number): number {
  return kind === KIND_UNTESTED ? FIRST_RULE : AFTER_MASQUERADE;
}

/** Words of a service or local chain's blob with `sticky` affinity rules, with the end marker, as kmalloc gives it. */
export function serviceBlobWords(kind: number, sticky: number): number {
  if (kind === KIND_MAP || kind === KIND_SINGLE) return slabWords(FIRST_RULE + DNAT_RULE_WORDS + 3);
  return slabWords(choosingStart(kind) + sticky * AFFINITY_RULE_WORDS + NUMGEN_RULE_WORDS + 2);
}

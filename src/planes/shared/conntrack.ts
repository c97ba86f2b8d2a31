/**
 * nf_conntrack: one hash table that holds a connection twice, by its original and by its reply tuple
 * (net/netfilter/nf_conntrack_core.c). Laid out as Linux 6.1 does on x86-64; pointers are word indices.
 */

import { MapFullError } from "../../errors.js";
import { Random } from "../../random.js";
import { OF_IPV6 } from "../families/packet.js";
import type { Decision } from "../plane.js";
import { type SipKey, siphashWords } from "./siphash.js";

/** No node: also what the chain of an empty bucket begins with. */
export const NONE = 0;

/** struct hlist_nulls_head: a pointer. */
export const BUCKET_WORDS = 2;
/** struct nf_conn is 248 bytes in a slab of 256. */
const CONNECTION_WORDS = 64;
/** Of struct nf_conn: timeout, byte 8. */
const TIMEOUT = 2;
/** tuplehash[IP_CT_DIR_ORIGINAL] at byte 16 and [IP_CT_DIR_REPLY] at byte 72, 56 bytes each. */
const ORIGINAL = 4;
const REPLY = 18;
/** mark, byte 168, on the cache line of `status`, which every packet reads: what NAT was set up to do. */
const MARK = 42;

/** struct nf_conntrack_tuple_hash: hnnode; src.u3, src.u with l3num, dst.u3, dst.u with protonum and dir. */
export const NEXT = 0;
const PPREV = 2;
export const SOURCE = 4;
export const SOURCE_PORT = 8;
export const DESTINATION = 9;
export const DESTINATION_PORT = 13;
/** dst.dir, the topmost byte, is no part of the key (`__nfct_hash_offsetend`). */
export const KEY_MASK = 0xffffff;
export const DIRECTION_SHIFT = 24;

/** AF_INET and AF_INET6 as l3num, next to the source port. */
const INET = 2 << 16;
const INET6 = 10 << 16;
const PROTOCOL_BITS = OF_IPV6 - 1;
/** Bytes of a tuple that are hashed: up to dst.dir. */
export const HASHED_BYTES = 39;

/** nf_conntrack_htable_size and nf_conntrack_max of a 64-bit kernel with more than 4 GiB. */
export const DEFAULT_BUCKETS = 262_144;
/** nf_conntrack_tcp_timeout_established as kube-proxy sets it: 24 h. */
const TIMEOUT_SEC = 86_400;
/** Large ArrayBuffers begin 16 bytes behind a page boundary (the allocator's header): 48 bytes on, a cache line begins. */
export const TO_CACHE_LINE_WORDS = 12;

/** Clients of the fill, RFC 6598's shared address space, and what they talk to (TEST-NET-1 and -3). */
const BACKGROUND_CLIENTS = 0x64400000;
export const BACKGROUND_SERVICE = 0xc0000201 | 0;
export const BACKGROUND_ENDPOINT = 0xcb007101 | 0;
const BACKGROUND_CLIENTS_MASK = 0x3fffff;

/** Address of the client of filled connection `i`; its port is `fillPort(i)`. */
export function backgroundClient(i: number): number {
  return BACKGROUND_CLIENTS | (i & BACKGROUND_CLIENTS_MASK);
}

/** Port of the client of filled connection `i`. */
export function backgroundPort(i: number): number {
  return 32_768 + (i >>> 22);
}

/** The table, of both families (`OF_IPV6` in the protocol). Nodes are word indices. Nothing here allocates after construction. */
export class Conntrack {
  readonly words: Int32Array;
  readonly buckets: number;
  /** nf_conntrack_max. */
  readonly max: number;
  /** nf_conntrack_hash_rnd. */
  readonly key: SipKey;
  /** The tuple that is hashed: four blocks of eight bytes, a tail of seven. */
  readonly #tuple = new Int32Array(10);
  readonly #first: number;
  readonly #end: number;
  /** Objects below are the fill. */
  readonly #filled: number;
  /** The next object that no connection has. */
  #free: number;

  constructor(buckets: number, max: number, fill: number, seed: number) {
    if (fill > max) {
      throw new MapFullError(`nf_conntrack holds ${max} connections, and ${fill} are to fill it: fill fewer`);
    }
    const random = Random.fromSeed(seed, "conntrack");
    this.key = Int32Array.from({ length: 4 }, () => random.nextInt32());
    this.buckets = buckets;
    this.max = max;
    // Objects of 256 bytes begin on cache lines.
    const heads = Math.ceil((buckets * BUCKET_WORDS) / 16) * 16;
    this.#first = TO_CACHE_LINE_WORDS + heads;
    this.#end = this.#first + max * CONNECTION_WORDS;
    this.words = new Int32Array(this.#end);
    this.#free = this.#first;
    for (let i = 0; i < fill; i++) this.#fill(i);
    this.#filled = this.#free;
  }

  /** Connections in the table. */
  get size(): number {
    return (this.#free - this.#first) / CONNECTION_WORDS;
  }

  /** Whether nf_conntrack_max is reached: `nf_conntrack: table full, dropping packet`. */
  get full(): boolean {
    return this.#free === this.#end;
  }

  /** Memory of the buckets and of the connections that are there. */
  bytes(): number {
    return (this.buckets * BUCKET_WORDS + this.size * CONNECTION_WORDS) * 4;
  }

  /** hash_conntrack_raw and scale_hash: the bucket of a tuple, as a word index. */
  bucket(src: number, sport: number, dst: number, dport: number, protocol: number): number {
    const tuple = this.#tuple;
    tuple[0] = src;
    tuple[4] = source(sport, protocol);
    tuple[5] = dst;
    tuple[9] = destination(dport, protocol) | (HASHED_BYTES << 24);
    const hash = siphashWords(tuple, 4, this.key);
    // reciprocal_scale: (u64)hash * buckets >> 32. The product is below 2^53, so this is exact.
    const index = Math.floor(((hash >>> 0) * this.buckets) / 4294967296) | 0;
    return TO_CACHE_LINE_WORDS + index * BUCKET_WORDS;
  }

  /** ____nf_conntrack_find: the node of a tuple in its bucket's chain, or NONE. */
  find(bucket: number, src: number, sport: number, dst: number, dport: number, protocol: number): number {
    const words = this.words;
    const from = source(sport, protocol);
    const to = destination(dport, protocol);
    let node = words[bucket]!;
    while (node !== NONE) {
      if (
        words[node + SOURCE] === src &&
        words[node + SOURCE_PORT] === from &&
        words[node + DESTINATION] === dst &&
        (words[node + DESTINATION_PORT]! & KEY_MASK) === to
      ) {
        return node;
      }
      node = words[node + NEXT]!;
    }
    return NONE;
  }

  /** A packet belongs to a known connection: re-arms its timeout (nf_ct_refresh_acct) and returns its decision. */
  refresh(node: number, nowSec: number): Decision {
    const words = this.words;
    const connection = node - (words[node + DESTINATION_PORT]! >>> DIRECTION_SHIFT === 0 ? ORIGINAL : REPLY);
    words[connection + TIMEOUT] = nowSec + TIMEOUT_SEC;
    return words[connection + MARK]!;
  }

  /**
   * nf_nat_setup_info and __nf_conntrack_confirm: finds a reply tuple that nobody has, looks through both chains once
   * more for what another CPU may have put there, and links the connection at their heads. `bucket` is the original
   * tuple's, which the kernel keeps from the lookup too.
   */
  confirm(
    bucket: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    answering: number,
    answeringPort: number,
    decision: Decision,
    nowSec: number,
  ): void {
    let port = sport;
    // nf_nat_used_tuple.
    while (
      this.find(
        this.bucket(answering, answeringPort, src, port, protocol),
        answering,
        answeringPort,
        src,
        port,
        protocol,
      ) !== NONE
    ) {
      port = nextPort(port);
    }
    // __nf_conntrack_confirm hashes the reply tuple itself, and can't meet either tuple where only one CPU is at work.
    const reply = this.bucket(answering, answeringPort, src, port, protocol);
    const clash =
      this.find(bucket, src, sport, dst, dport, protocol) |
      this.find(reply, answering, answeringPort, src, port, protocol);
    if (clash !== NONE) return;
    this.link(
      bucket,
      reply,
      src,
      sport,
      dst,
      dport,
      protocol,
      answering,
      answeringPort,
      port,
      decision,
      nowSec,
    );
  }

  /** __nf_conntrack_hash_insert: takes the next object and links both its nodes at the heads of their chains. */
  link(
    bucket: number,
    replyBucket: number,
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    answering: number,
    answeringPort: number,
    replyPort: number,
    decision: Decision,
    nowSec: number,
  ): void {
    const words = this.words;
    const connection = this.#free;
    this.#free = connection + CONNECTION_WORDS;
    words[connection + TIMEOUT] = nowSec + TIMEOUT_SEC;
    words[connection + MARK] = decision;
    const original = connection + ORIGINAL;
    words[original + SOURCE] = src;
    words[original + SOURCE_PORT] = source(sport, protocol);
    words[original + DESTINATION] = dst;
    words[original + DESTINATION_PORT] = destination(dport, protocol);
    const reply = connection + REPLY;
    words[reply + SOURCE] = answering;
    words[reply + SOURCE_PORT] = source(answeringPort, protocol);
    words[reply + DESTINATION] = src;
    words[reply + DESTINATION_PORT] = destination(replyPort, protocol) | (1 << DIRECTION_SHIFT);
    this.#linkHead(bucket, original);
    this.#linkHead(replyBucket, reply);
  }

  /** Unlinks what is not the fill, newest first: each node is then the head of its chain. */
  reset(): void {
    while (this.#free > this.#filled) {
      this.#free -= CONNECTION_WORDS;
      // The reply was linked last.
      this.#unlinkHead(this.#free + REPLY);
      this.#unlinkHead(this.#free + ORIGINAL);
    }
  }

  /** hlist_nulls_add_head_rcu: the old head's pprev is written too, on a cache line of its own. */
  #linkHead(bucket: number, node: number): void {
    const words = this.words;
    const first = words[bucket]!;
    words[node + NEXT] = first;
    words[node + PPREV] = bucket;
    words[bucket] = node;
    if (first !== NONE) words[first + PPREV] = node;
  }

  #unlinkHead(node: number): void {
    const words = this.words;
    const bucket = words[node + PPREV]!;
    const next = words[node + NEXT]!;
    words[bucket] = next;
    if (next !== NONE) words[next + PPREV] = bucket;
  }

  #fill(i: number): void {
    const client = backgroundClient(i);
    const port = backgroundPort(i);
    const bucket = this.bucket(client, port, BACKGROUND_SERVICE, 80, 6);
    const reply = this.bucket(BACKGROUND_ENDPOINT, 8080, client, port, 6);
    this.link(bucket, reply, client, port, BACKGROUND_SERVICE, 80, 6, BACKGROUND_ENDPOINT, 8080, port, 0, 0);
  }
}

/** src.u and l3num of a tuple. */
function source(port: number, protocol: number): number {
  return port | (protocol < OF_IPV6 ? INET : INET6);
}

/** dst.u and protonum. */
function destination(port: number, protocol: number): number {
  return port | ((protocol & PROTOCOL_BITS) << 16);
}

/**
 * The port to try when a reply tuple is taken (two services of one pod, one client port): nf_nat_l4proto_unique_tuple
 * begins anywhere in the range, the model at the next one, so that it needs no random number.
 */
export function nextPort(port: number): number {
  return port >= 65_535 ? 1024 : port + 1;
}

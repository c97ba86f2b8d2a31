/** ip_vs_conn_tab: connections hashed once, over protocol and client (net/netfilter/ipvs/ip_vs_conn.c, Linux 6.1). */

import { Random } from "../../../random.js";
import { OF_IPV6 } from "../../families/packet.js";
import {
  BACKGROUND_ENDPOINT,
  BACKGROUND_SERVICE,
  backgroundClient,
  backgroundPort,
  TO_CACHE_LINE_WORDS,
} from "../../shared/conntrack.js";
import { jhash3, jhashBehindZeros } from "../../shared/jhash.js";
import { AF_INET, AF_INET6, NULL } from "../layout.js";

/** struct hlist_head: a pointer. */
const BUCKET_WORDS = 2;
/** struct ip_vs_conn: 288 bytes; its cache is SLAB_HWCACHE_ALIGN, so objects are 320 bytes apart. */
const CONNECTION_WORDS = 80;

/** c_list.next at 0 and .pprev at 8. */
export const NEXT = 0;
const PPREV = 2;
/** cport and dport, bytes 16 and 18. */
export const CLIENT_PORT = 4;
/** vport and af, bytes 20 and 22. */
export const VIRTUAL_PORT = 5;
/** caddr, vaddr and daddr, bytes 24, 40 and 56. */
export const CLIENT = 6;
export const VIRTUAL = 10;
const DESTINATION = 14;
/** protocol and daf, bytes 76 and 78. */
export const PROTOCOL = 19;
/** timeout, byte 136. */
const TIMEOUT = 34;
/** dest, byte 184, which every packet follows: here what was decided. */
const DEST = 46;
/** in_pkts, byte 192. */
const IN_PACKETS = 48;

const PROTOCOL_BITS = OF_IPV6 - 1;

/** CONFIG_IP_VS_TAB_BITS. */
export const DEFAULT_TABLE_BITS = 12;
/** IP_VS_TCP_S_ESTABLISHED, in seconds. */
const TIMEOUT_SEC = 15 * 60;

/**
 * The table, with room for a number of connections, of both families where a node has them (`OF_IPV6` in the protocol). Nothing
 * here allocates after construction.
 */
export class ConnectionTable {
  readonly words: Int32Array;
  readonly buckets: number;
  /** ip_vs_conn_rnd. */
  readonly random: number;
  readonly #first: number;
  readonly #filled: number;
  #free: number;

  constructor(bits: number, room: number, fill: number, seed: number) {
    this.random = Random.fromSeed(seed, "ip_vs_conn").nextInt32();
    this.buckets = 2 ** bits;
    this.#first = TO_CACHE_LINE_WORDS + this.buckets * BUCKET_WORDS;
    this.words = new Int32Array(this.#first + room * CONNECTION_WORDS);
    this.#free = this.#first;
    for (let i = 0; i < fill; i++) {
      const client = backgroundClient(i);
      const bucket = this.bucket(client, backgroundPort(i), 6);
      this.insert(bucket, client, backgroundPort(i), BACKGROUND_SERVICE, 80, 6, BACKGROUND_ENDPOINT, 8080, 0);
    }
    this.#filled = this.#free;
  }

  /** Connections in the table. */
  get size(): number {
    return (this.#free - this.#first) / CONNECTION_WORDS;
  }

  /** Memory of the buckets and of the connections that are there. */
  bytes(): number {
    return (this.buckets * BUCKET_WORDS + this.size * CONNECTION_WORDS) * 4;
  }

  /**
   * ip_vs_conn_hashkey: jhash_3words(addr, port, proto, ip_vs_conn_rnd), as a word index. Of IPv6 the address is what jhash makes
   * of its 16 bytes, of which the model has the last word.
   */
  bucket(client: number, port: number, protocol: number): number {
    const address = protocol < OF_IPV6 ? client : jhashBehindZeros(client, 0, 0, 4, this.random);
    const hash = jhash3(address, port, protocol & PROTOCOL_BITS, this.random);
    return TO_CACHE_LINE_WORDS + (hash & (this.buckets - 1)) * BUCKET_WORDS;
  }

  /** __ip_vs_conn_in_get: the connection of a client's packet, or NULL. */
  find(
    bucket: number,
    client: number,
    cport: number,
    virtual: number,
    vport: number,
    protocol: number,
  ): number {
    const words = this.words;
    const virtualPort = vport | (familyOf(protocol) << 16);
    const ipProtocol = protocol & PROTOCOL_BITS;
    let connection = words[bucket]!;
    while (connection !== NULL) {
      if (
        (words[connection + CLIENT_PORT]! & 0xffff) === cport &&
        words[connection + VIRTUAL_PORT] === virtualPort &&
        words[connection + CLIENT] === client &&
        words[connection + VIRTUAL] === virtual &&
        (words[connection + PROTOCOL]! & 0xffff) === ipProtocol
      ) {
        return connection;
      }
      connection = words[connection + NEXT]!;
    }
    return NULL;
  }

  /** A packet of a known connection: counts it (ip_vs_in_hook) and returns what was decided. */
  refresh(connection: number): number {
    const words = this.words;
    words[connection + TIMEOUT] = TIMEOUT_SEC;
    words[connection + IN_PACKETS]!++;
    return words[connection + DEST]!;
  }

  /** ip_vs_conn_new and ip_vs_conn_hash: at the chain's head (hlist_add_head_rcu), unlocked walks unaware. */
  insert(
    bucket: number,
    client: number,
    cport: number,
    virtual: number,
    vport: number,
    protocol: number,
    address: number,
    port: number,
    decision: number,
  ): void {
    const words = this.words;
    const connection = this.#free;
    this.#free = connection + CONNECTION_WORDS;
    words[connection + CLIENT_PORT] = cport | (port << 16);
    words[connection + VIRTUAL_PORT] = vport | (familyOf(protocol) << 16);
    words[connection + CLIENT] = client;
    words[connection + VIRTUAL] = virtual;
    words[connection + DESTINATION] = address;
    words[connection + PROTOCOL] = (protocol & PROTOCOL_BITS) | (familyOf(protocol) << 16);
    words[connection + TIMEOUT] = TIMEOUT_SEC;
    words[connection + DEST] = decision;
    words[connection + IN_PACKETS] = 1;
    const first = words[bucket]!;
    words[connection + NEXT] = first;
    words[connection + PPREV] = bucket;
    words[bucket] = connection;
    if (first !== NULL) words[first + PPREV] = connection;
  }

  /** Unlinks what is not the fill, newest first: each is then the head of its chain. */
  reset(): void {
    const words = this.words;
    while (this.#free > this.#filled) {
      this.#free -= CONNECTION_WORDS;
      const bucket = words[this.#free + PPREV]!;
      const next = words[this.#free + NEXT]!;
      words[bucket] = next;
      if (next !== NULL) words[next + PPREV] = bucket;
    }
  }
}

/** cp->af. */
export function familyOf(protocol: number): number {
  return protocol < OF_IPV6 ? AF_INET : AF_INET6;
}

/** Models with the connection state that planes keep. */

import type { Decision } from "./decision.js";
import type { Explanation, Flow } from "./model.js";

/** Sizes and contents of connection tables. Defaults are those of a kernel with more than 4 GiB of memory. */
export interface ConnectionOptions {
  /** Established connections of other clients in the tables before timing starts. */
  readonly fill: number;
  /** Cilium only: per packet (`tc`, the default), or per socket. */
  readonly path?: "tc" | "socket";
  /** `conn_tab_bits` of IPVS: 12. */
  readonly ipvsTableBits?: number;
  /** `nf_conntrack_buckets`: 262,144. */
  readonly conntrackBuckets?: number;
  /** `nf_conntrack_max`: 262,144. Beyond it the kernel drops the first packet of a connection. */
  readonly conntrackMax?: number;
  /** Entries of Cilium's connection-tracking map: 524,288; of `reverse_sk` on the socket path: 262,144. */
  readonly ebpfStateEntries?: number;
}

/**
 * A model with the connection state that the plane keeps. `connect` and `established` are what the kernel does with any
 * packet: they look for the state first, so `connect` of a known flow is `established`, and the other way round. The
 * socket path of Cilium differs: there `connect` is the system call, and a later packet meets no code at all.
 */
export interface Connections {
  /**
   * First packet of a connection: decides like `Model.lookup` and writes the state. Allocates nothing.
   *
   * @param src Source address as int32: `x | 0` of the number, so that V8 never boxes it.
   * @param sport Source port.
   * @param dst Destination address as int32.
   * @param dport Destination port.
   * @param protocol IP protocol number: 6 TCP, 17 UDP, 132 SCTP.
   * @param nowSec Time in seconds, never less than at an earlier call since `reset`: affinity and entries expire by it.
   * @returns The decision; DROP where nf_conntrack is full.
   */
  connect(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision;
  /**
   * A later packet of a connection: finds the state, and makes no new choice. Takes what `connect` takes.
   *
   * @param src Source address as int32: `x | 0` of the number, so that V8 never boxes it.
   * @param sport Source port.
   * @param dst Destination address as int32.
   * @param dport Destination port.
   * @param protocol IP protocol number: 6 TCP, 17 UDP, 132 SCTP.
   * @param nowSec Time in seconds, never less than at an earlier call since `reset`: affinity and entries expire by it.
   * @returns The decision of the first packet. On Cilium's socket path PASS: the packet already carries the endpoint's
   * address, and meets no code.
   */
  established(
    src: number,
    sport: number,
    dst: number,
    dport: number,
    protocol: number,
    nowSec: number,
  ): Decision;
  /**
   * What `connect` would do next, and does, with its exact work.
   *
   * @param flow The packet.
   * @param nowSec As for `connect`.
   * @param path Is appended the steps in words, a line per step; without it no words are made.
   * @returns The decision and its work.
   */
  explainConnect(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /**
   * What `established` would do next, and does, with its exact work.
   *
   * @param flow The packet.
   * @param nowSec As for `established`.
   * @param path As for `explainConnect`.
   * @returns The decision and its work.
   */
  explainEstablished(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /**
   * Forgets the connections made since the last reset, the last one first, but not those that were there from the start.
   *
   * @param seed Where random numbers start again.
   */
  reset(seed: number): void;
  /**
   * Memory of the connection tables as the kernel would spend it.
   *
   * @returns Bytes.
   */
  bytes(): number;
}

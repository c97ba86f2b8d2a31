/** The executor of a program, which is what is timed. */

import type { Decision } from "./decision.js";
import type { Work } from "./work.js";

/** A 5-tuple. Addresses are unsigned or int32, as columns or traces hold them. */
export interface Flow {
  readonly src: number;
  readonly sport: number;
  readonly dst: number;
  readonly dport: number;
  readonly protocol: number;
}

/** What one netfilter hook does to a packet. */
export interface HookWork {
  /** Kind of chain, hook and priority: `nat prerouting (-100)`. */
  readonly hook: string;
  readonly rules: number;
  /** Lookups in sets and maps. */
  readonly lookups: number;
}

/** A decision with its exact work. */
export interface Explanation {
  readonly decision: Decision;
  readonly work: Work;
  /** The work by hooks, in the packet's order, where the plane counts them apart. */
  readonly hooks?: readonly HookWork[];
}

/** The executor of a program, laid out like the kernel's memory. */
export interface Model {
  /**
   * Chooses an endpoint for the first packet of a flow. Allocates nothing.
   *
   * @param src Source address as int32: `x | 0` of the number, so that V8 never boxes it.
   * @param sport Source port.
   * @param dst Destination address as int32.
   * @param dport Destination port.
   * @param protocol IP protocol number: 6 TCP, 17 UDP, 132 SCTP.
   * @param nowSec Time in seconds, never less than at an earlier call since `reset`: affinity expires by it.
   * @returns An endpoint and whether it is masqueraded, or PASS, REJECT or DROP.
   */
  lookup(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision;
  /**
   * What `lookup` would decide next (and remembers it likewise), with its exact work: after the same `reset` and the
   * same calls, both give the same decisions. Off the timed path.
   *
   * @param flow The packet, with addresses as int32.
   * @param nowSec As for `lookup`.
   * @param path Is appended the steps in words, a line per step, from the first rule or map to the verdict. Without it no words
   * are made, since whole traces are explained.
   * @returns The decision and its work.
   */
  explain(flow: Flow, nowSec: number, path?: string[]): Explanation;
  /**
   * Back to a state that `seed` decides: random numbers, round robin, affinity, connection counts. Costs O(1) and touches no
   * table: schedulers keep a generation, and caches stay as they are.
   *
   * @param seed 0 is the state after loading.
   */
  reset(seed: number): void;
}

/** sh and dh (ip_vs_sh.c, ip_vs_dh.c): 256 slots per service, indexed by a hash of the client or of the service address. */

import type { AddressPlan } from "../../../cluster/address-plan.js";
import { hash32 } from "../../shared/hash32.js";
import {
  DEST_NEXT,
  DEST_WEIGHT,
  hashedAddress,
  NULL,
  SERVICE_DESTINATIONS,
  SERVICE_SCHEDULER_DATA,
} from "../layout.js";
import type { Scheduler } from "./scheduler.js";

/** IP_VS_SH_TAB_BITS and IP_VS_DH_TAB_BITS. */
const TABLE_BITS = 8;
const SLOTS = 1 << TABLE_BITS;
/** struct ip_vs_sh_state and ip_vs_dh_state: 256 pointers and an rcu_head, which a kmalloc-4k object holds. */
export const HASHING_BYTES = SLOTS * 8 + 16;
export const HASHING_WORDS = 1024;

/** Source hashing. A destination fills as many slots in a row as its weight says, at least one. */
export class SourceHashing implements Scheduler {
  readonly #words: Int32Array;
  readonly #plan: AddressPlan | undefined;

  constructor(words: Int32Array, plan: AddressPlan | undefined) {
    this.#words = words;
    this.#plan = plan;
  }

  attach(service: number, table: number): void {
    fillSlots(this.#words, service, table, true);
  }

  onDestinationsChanged(service: number): void {
    fillSlots(this.#words, service, this.#words[service + SERVICE_SCHEDULER_DATA]!, true);
  }

  onWeightChanged(service: number): void {
    this.onDestinationsChanged(service);
  }

  /** kube-proxy doesn't set sh-port nor sh-fallback: the port has no part, and an unusable slot refuses. */
  pick(service: number, src: number): number {
    return usableSlot(this.#words, service, hash32(hashedAddress(this.#plan, src), TABLE_BITS));
  }

  bind(): void {}
}

/** Destination hashing. Weights are ignored, and one service address always leads to one destination. */
export class DestinationHashing implements Scheduler {
  readonly #words: Int32Array;
  readonly #plan: AddressPlan | undefined;

  constructor(words: Int32Array, plan: AddressPlan | undefined) {
    this.#words = words;
    this.#plan = plan;
  }

  attach(service: number, table: number): void {
    fillSlots(this.#words, service, table, false);
  }

  onDestinationsChanged(service: number): void {
    fillSlots(this.#words, service, this.#words[service + SERVICE_SCHEDULER_DATA]!, false);
  }

  /** ip_vs_dh.c has no upd_dest. */
  onWeightChanged(): void {}

  pick(service: number, _src: number, _sport: number, dst: number): number {
    return usableSlot(this.#words, service, hash32(hashedAddress(this.#plan, dst), TABLE_BITS));
  }

  bind(): void {}
}

/** ip_vs_sh_reassign, ip_vs_dh_reassign: goes round the list until all slots are filled. */
function fillSlots(words: Int32Array, service: number, table: number, byWeight: boolean): void {
  const head = service + SERVICE_DESTINATIONS;
  words[service + SERVICE_SCHEDULER_DATA] = table;
  let dest = words[head]!;
  if (dest === head) {
    words.fill(NULL, table, table + SLOTS * 2);
    return;
  }
  let filled = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    words[table + slot * 2] = dest;
    if (++filled < (byWeight ? words[dest + DEST_WEIGHT]! : 1)) continue;
    filled = 0;
    dest = words[dest + DEST_NEXT]!;
    if (dest === head) dest = words[head]!;
  }
}

/** The slot's destination, unless it is quiesced (weight 0) or the service has none. */
function usableSlot(words: Int32Array, service: number, slot: number): number {
  const dest = words[words[service + SERVICE_SCHEDULER_DATA]! + slot * 2]!;
  return dest === NULL || words[dest + DEST_WEIGHT]! <= 0 ? NULL : dest;
}

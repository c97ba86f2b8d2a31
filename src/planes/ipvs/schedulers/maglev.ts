/**
 * mh (net/netfilter/ipvs/ip_vs_mh.c): Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4). Every destination has a
 * permutation of the slots; they claim free slots in turns, a heavier one several per turn.
 */

import type { AddressPlan } from "../../../cluster/address-plan.js";
import { hsiphash1u32 } from "../../shared/siphash.js";
import {
  DEST_ADDRESS,
  DEST_FAMILY_PORT,
  DEST_NEXT,
  DEST_WEIGHT,
  hashedAddress,
  NULL,
  SERVICE_DESTINATION_COUNT,
  SERVICE_DESTINATIONS,
  SERVICE_SCHEDULER_DATA,
} from "../layout.js";
import type { Scheduler } from "./scheduler.js";
import { greatestCommonDivisor } from "./weighted-round-robin.js";

/** primes[IP_VS_MH_TAB_INDEX], with CONFIG_IP_VS_MH_TAB_INDEX at its default of 12. */
export const MAGLEV_SLOTS = 4093;
/** IP_VS_MH_TAB_BITS: weights above this many bits are shifted right. */
const WEIGHT_BITS = 6;

/** struct ip_vs_mh_state (72 bytes, kmalloc-96) points to the slots (8 bytes each, kmalloc-32k). */
const STATE_WORDS = 24;
const STATE_LOOKUP = 4;
export const MAGLEV_WORDS = STATE_WORDS + 8192;
export const MAGLEV_BYTES = 72 + MAGLEV_SLOTS * 8;

/** generate_hash_secret: the keys are constants; both words of a key are equal. */
const KEY_1 = Int32Array.of(2654435761, 0, 2654435761, 0);
const KEY_2 = Int32Array.of(2654446892, 0, 2654446892, 0);

export class Maglev implements Scheduler {
  readonly #words: Int32Array;
  readonly #plan: AddressPlan | undefined;
  readonly #key = KEY_1;

  constructor(words: Int32Array, plan: AddressPlan | undefined) {
    this.#words = words;
    this.#plan = plan;
  }

  attach(service: number, state: number): void {
    const slots = state + STATE_WORDS;
    this.#words[service + SERVICE_SCHEDULER_DATA] = state;
    this.#words[state + STATE_LOOKUP] = slots;
    populate(this.#words, service, slots, this.#plan);
  }

  /** ip_vs_mh_dest_changed fills a new table and frees the old one; here it is the same memory, emptied. */
  onDestinationsChanged(service: number): void {
    const words = this.#words;
    const slots = words[words[service + SERVICE_SCHEDULER_DATA]! + STATE_LOOKUP]!;
    words.fill(NULL, slots, slots + MAGLEV_SLOTS * 2);
    populate(words, service, slots, this.#plan);
  }

  onWeightChanged(service: number): void {
    this.onDestinationsChanged(service);
  }

  /** kube-proxy sets the mh-port flag: the hash is over the 32-bit sum of client address and port. */
  pick(service: number, src: number, sport: number): number {
    const words = this.#words;
    const slot = (hsiphash1u32((sport + hashedAddress(this.#plan, src)) | 0, this.#key) >>> 0) % MAGLEV_SLOTS;
    const slots = words[words[service + SERVICE_SCHEDULER_DATA]! + STATE_LOOKUP]!;
    const dest = words[slots + slot * 2]!;
    return dest === NULL || words[dest + DEST_WEIGHT]! <= 0 ? NULL : dest;
  }

  bind(): void {}
}

/** ip_vs_mh_permutate and ip_vs_mh_populate. */
function populate(words: Int32Array, service: number, slots: number, plan: AddressPlan | undefined): void {
  const head = service + SERVICE_DESTINATIONS;
  const count = words[service + SERVICE_DESTINATION_COUNT]!;
  const dests = new Int32Array(count);
  const permutation = new Int32Array(count);
  const skip = new Int32Array(count);
  const turns = new Int32Array(count);
  let divisor = 0;
  let heaviest = 0;
  let row = 0;
  for (let dest = words[head]!; dest !== head; dest = words[dest + DEST_NEXT]!) {
    const sum =
      (hashedAddress(plan, words[dest + DEST_ADDRESS]!) + (words[dest + DEST_FAMILY_PORT]! >>> 16)) | 0;
    const weight = words[dest + DEST_WEIGHT]!;
    dests[row] = dest;
    permutation[row] = (hsiphash1u32(sum, KEY_1) >>> 0) % MAGLEV_SLOTS;
    skip[row] = ((hsiphash1u32(sum, KEY_2) >>> 0) % (MAGLEV_SLOTS - 1)) + 1;
    turns[row] = weight;
    if (weight > 0) divisor = greatestCommonDivisor(weight, divisor);
    heaviest = Math.max(heaviest, weight);
    row++;
  }
  if (divisor === 0) return;
  const bits = 32 - Math.clz32(heaviest / divisor);
  const shift = Math.max(0, bits - WEIGHT_BITS);
  for (let i = 0; i < count; i++) {
    if (turns[i] !== 0) turns[i] = (turns[i]! / divisor) >> shift || 1;
  }

  let filled = 0;
  for (;;) {
    for (let i = 0; i < count; i++) {
      for (let turn = turns[i]!; turn > 0; turn--) {
        let slot = permutation[i]!;
        while (words[slots + slot * 2] !== NULL) {
          slot += skip[i]!;
          if (slot >= MAGLEV_SLOTS) slot -= MAGLEV_SLOTS;
        }
        permutation[i] = slot;
        words[slots + slot * 2] = dests[i]!;
        if (++filled === MAGLEV_SLOTS) return;
      }
    }
  }
}

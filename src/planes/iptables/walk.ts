/**
 * The kernel's walk over a table (net/ipv4/netfilter/ip_tables.c, ipt_do_table): per entry the IPv4 header first,
 * where a mismatch ends it; only then each match in order; then the target. Offsets are in int32 words here.
 */

import { DROP, PASS, REJECT } from "../plane.js";
import {
  DATA,
  DNAT_ENDPOINT,
  DST,
  DST_MASK,
  GOTO,
  HANDLER,
  INVERT_SOURCE,
  OFFSETS,
  PROTOCOL,
  SRC,
  SRC_MASK,
  TARGET_DNAT,
  TARGET_MARK_DROP,
  TARGET_MARK_MASQ,
  TARGET_REJECT,
  TARGET_STANDARD,
  VERDICT_DROP,
  VERDICT_RETURN,
} from "./layout.js";
import { matchHolds, type WalkState } from "./rules/matches.js";
import type { Walkable } from "./walkable.js";

/** kube-proxy's chains nest at most this deep: SERVICES → FW → EXT → SVC → SEP → MARK-MASQ. */
export const STACK = 16;

/**
 * The first entry from `entry` on whose destination matches: nearly all that a walk does. The kernel tests source, then
 * destination; both lie in one cache line, so the order costs nothing, and here the test that nearly always fails comes
 * first. `| 0` tells V8 that offsets wrap as int32 do: with a check for overflow in each step of this dependency chain a
 * rule took half as long again.
 */
function firstWithDestination(words: Int32Array, entry: number, dst: number): number {
  let e = entry | 0;
  while ((dst & words[(e + DST_MASK) | 0]!) !== words[(e + DST) | 0]!) {
    e = (e + (words[(e + OFFSETS) | 0]! >>> 18)) | 0;
  }
  return e;
}

/** One table's walker. Walkers are separate classes' instances per table so that call sites stay monomorphic. */
export class Walker {
  /** The blob: another one when the table is replaced. */
  words: Int32Array;
  /** Where an entry's matches begin, in words. */
  readonly #matches: number;
  readonly #state: WalkState;
  readonly #stack = new Int32Array(STACK);

  constructor({ words, sizes }: Walkable, state: WalkState) {
    this.words = words;
    this.#matches = sizes.entry >>> 2;
    this.#state = state;
  }

  /** Walks from a base chain's first word and returns a decision; PASS is the chain's policy or an ACCEPT. */
  walk(entry: number, src: number, dst: number, dport: number, protocol: number, nowSec: number): number {
    const w = this.words;
    const state = this.#state;
    const stack = this.#stack;
    let depth = 0;
    let e = entry;
    for (;;) {
      e = firstWithDestination(w, e, dst);
      const head = w[e + PROTOCOL]!;
      const offsets = w[e + OFFSETS]!;
      const next = e + (offsets >>> 18);
      const sourceDiffers = (src & w[e + SRC_MASK]!) !== w[e + SRC]!;
      if (
        sourceDiffers !== ((head & INVERT_SOURCE) !== 0) ||
        ((head & 0xffff) !== 0 && (head & 0xffff) !== protocol)
      ) {
        e = next;
        continue;
      }
      const t = e + ((offsets & 0xffff) >>> 2);
      let matched = true;
      for (let m = e + this.#matches; m < t; m += w[m]! >>> 2) {
        if (!matchHolds(state, w[m + HANDLER]!, w[m + DATA]!, src, dst, dport, nowSec)) {
          matched = false;
          break;
        }
      }
      if (!matched) {
        e = next;
        continue;
      }
      const handler = w[t + HANDLER]!;
      if (handler === TARGET_STANDARD) {
        const verdict = w[t + DATA]!;
        if (verdict >= 0) {
          if ((head & GOTO) === 0) stack[depth++] = next;
          e = verdict >>> 2;
        } else if (verdict === VERDICT_RETURN) {
          // Only user chains return, and a user chain was always jumped to: the stack is never empty here.
          e = stack[--depth]!;
        } else {
          return verdict === VERDICT_DROP ? DROP : PASS;
        }
      } else if (handler === TARGET_DNAT) {
        return (w[t + DNAT_ENDPOINT]! << 1) | state.mark[0]!;
      } else if (handler === TARGET_REJECT) {
        return REJECT;
      } else {
        if (handler === TARGET_MARK_MASQ) state.mark[0] = 1;
        else if (handler === TARGET_MARK_DROP) state.mark[1] = 1;
        e = next;
      }
    }
  }
}

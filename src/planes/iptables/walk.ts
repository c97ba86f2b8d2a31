/**
 * The kernel's walk over a table (net/ipv4/netfilter/ip_tables.c, ipt_do_table): per entry the IPv4 header first,
 * where a mismatch ends it; only then each match in order; then the target. Offsets are in int32 words here.
 */

import { DROP, PASS, REJECT } from "../plane.js";
import { ABSENT, type AffinityTable } from "../shared/affinity.js";
import { nextInt32 } from "../shared/xorshift.js";
import {
  DATA,
  DNAT_ENDPOINT,
  DST,
  DST_MASK,
  ENTRY,
  GOTO,
  HANDLER,
  INVERT_SOURCE,
  MATCH_COMMENT,
  MATCH_DST_LOCAL,
  MATCH_MARK_DROP,
  MATCH_MARK_SET,
  MATCH_MARK_UNSET,
  MATCH_PORT,
  MATCH_RECENT_CHECK,
  MATCH_RECENT_SET,
  MATCH_SRC_LOCAL,
  MATCH_STATE_NEW,
  MATCH_STATISTIC,
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

/** kube-proxy's chains nest at most this deep: SERVICES → FW → EXT → SVC → SEP → MARK-MASQ. */
export const STACK = 16;

/** What a walk reads and writes beside the table: all of it in typed arrays, so that nothing is boxed. */
export interface WalkState {
  /** State of the xorshift generator. */
  readonly random: Int32Array;
  readonly nodeAddresses: Int32Array;
  /** ClientIP affinity (`recent` lists) per endpoint, and its timeout in seconds. */
  readonly recent: AffinityTable | null;
  readonly recentSeconds: Int32Array;
  /** Marks survive from nat to filter: [0] = 1 when the packet is to be masqueraded, [1] = 1 when it is to be dropped. */
  readonly mark: Int32Array;
}

const LOOPBACK = 127;

function isLocal(state: WalkState, address: number): boolean {
  if (address >>> 24 === LOOPBACK) return true;
  const own = state.nodeAddresses;
  for (let i = 0; i < own.length; i++) if (own[i] === address) return true;
  return false;
}

/** One table's walker. Walkers are separate classes' instances per table so that call sites stay monomorphic. */
export class Walker {
  /** The blob: another one when the table is replaced. */
  words: Int32Array;
  readonly #state: WalkState;
  readonly #stack = new Int32Array(STACK);

  constructor(words: Int32Array, state: WalkState) {
    this.words = words;
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
      // The kernel tests source, then destination; both lie in one cache line, so the order costs nothing, and here the
      // test that nearly always fails comes first.
      if ((dst & w[e + DST_MASK]!) !== w[e + DST]!) {
        e += w[e + OFFSETS]! >>> 18;
        continue;
      }
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
      for (let m = e + (ENTRY >>> 2); m < t; m += w[m]! >>> 2) {
        if (!this.#match(w[m + HANDLER]!, w[m + DATA]!, src, dst, dport, nowSec)) {
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

  #match(handler: number, data: number, src: number, dst: number, dport: number, nowSec: number): boolean {
    const state = this.#state;
    switch (handler) {
      case MATCH_COMMENT:
      case MATCH_STATE_NEW:
        return true;
      case MATCH_PORT:
        return data === 0 || data === dport;
      case MATCH_STATISTIC:
        return (nextInt32(state.random) & 0x7fffffff) < data;
      case MATCH_RECENT_CHECK:
        return recentCheck(state, data, src, nowSec);
      case MATCH_RECENT_SET:
        state.recent!.put(data, src, 0, nowSec);
        return true;
      case MATCH_DST_LOCAL:
        return isLocal(state, dst);
      case MATCH_SRC_LOCAL:
        return isLocal(state, src);
      case MATCH_MARK_SET:
        return state.mark[0] === 1;
      case MATCH_MARK_UNSET:
        return state.mark[0] === 0;
      case MATCH_MARK_DROP:
        return state.mark[1] === 1;
      default:
        return false;
    }
  }
}

/** `recent --rcheck --seconds --reap`: seen within the timeout (xt_recent.c keeps a stamp that is not older than it). */
export function recentCheck(state: WalkState, endpoint: number, client: number, nowSec: number): boolean {
  const recent = state.recent!;
  const entry = recent.find(endpoint, client);
  return entry !== ABSENT && nowSec - recent.stamp(entry) <= state.recentSeconds[endpoint]!;
}

/** What a rule's matches test: the kernel's `-m` extensions, as far as service rules use them. */

import { ABSENT, type AffinityTable } from "../../shared/affinity.js";
import { nextInt32 } from "../../shared/xorshift.js";
import {
  MATCH_COMMENT,
  MATCH_DST_LOCAL,
  MATCH_DST_LOCAL_NO_LOOPBACK,
  MATCH_MARK_DROP,
  MATCH_MARK_SET,
  MATCH_MARK_UNSET,
  MATCH_NFACCT,
  MATCH_PORT,
  MATCH_RECENT_CHECK,
  MATCH_RECENT_SET,
  MATCH_SRC_LOCAL,
  MATCH_SRC_NOT_LOCAL,
  MATCH_STATE_NEW,
  MATCH_STATE_UNSOLICITED,
  MATCH_STATISTIC,
} from "../layout.js";

/** What a walk reads and writes in addition to the table: all of it in typed arrays, so that nothing is boxed. */
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

/** Whether a match holds; `data` is its rule's. */
export function matchHolds(
  state: WalkState,
  handler: number,
  data: number,
  src: number,
  dst: number,
  dport: number,
  nowSec: number,
): boolean {
  switch (handler) {
    case MATCH_COMMENT:
    case MATCH_STATE_NEW:
    case MATCH_STATE_UNSOLICITED:
    case MATCH_NFACCT:
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
    case MATCH_DST_LOCAL_NO_LOOPBACK:
      return dst >>> 24 !== LOOPBACK && isLocal(state, dst);
    case MATCH_SRC_LOCAL:
      return isLocal(state, src);
    case MATCH_SRC_NOT_LOCAL:
      return !isLocal(state, src);
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

const LOOPBACK = 127;

function isLocal(state: WalkState, address: number): boolean {
  if (address >>> 24 === LOOPBACK) return true;
  const own = state.nodeAddresses;
  for (let i = 0; i < own.length; i++) if (own[i] === address) return true;
  return false;
}

/** `recent --rcheck --seconds --reap`: seen within the timeout (xt_recent.c keeps a stamp that is not older than it). */
export function recentCheck(state: WalkState, endpoint: number, client: number, nowSec: number): boolean {
  const recent = state.recent!;
  const entry = recent.find(endpoint, client);
  return entry !== ABSENT && nowSec - recent.stamp(entry) <= state.recentSeconds[endpoint]!;
}

/**
 * The same walk as `walk.ts`, written a second time for clarity instead of speed: it counts, and says each step in words.
 * The contract suite holds both to the same decisions, so either finds the other's mistakes.
 */

import { type Cluster, servicePortName } from "../../cluster/cluster.js";
import { endpointText } from "../../cluster/family.js";
import { DROP, type Flow, PASS, REJECT } from "../plane.js";
import { nextInt32 } from "../shared/xorshift.js";
import * as layout from "./layout.js";
import { recentCheck, type WalkState } from "./rules/matches.js";
import type { Walkable } from "./walkable.js";

/** What one walk did. */
export interface Walked {
  readonly decision: number;
  readonly entriesVisited: number;
  readonly setLookups: number;
}

/** Walks a table from a byte offset, counting entries. */
export function explainWalk(
  table: Walkable,
  state: WalkState,
  start: number,
  flow: Flow,
  nowSec: number,
  cluster: Cluster,
  path?: string[],
): Walked {
  const view = new DataView(table.words.buffer);
  const u16 = (at: number) => view.getUint16(at, true);
  const i32 = (at: number) => view.getInt32(at, true);
  const stack: number[] = [];
  let entriesVisited = 0;
  let setLookups = 0;
  let passedOver = 0;
  let at = start;
  const done = (decision: number): Walked => ({ decision, entriesVisited, setLookups });
  const say = (line: () => string): void => {
    if (path && passedOver > 0) {
      path.push(passedOver === 1 ? "1 entry does not match" : `${passedOver} entries do not match`);
    }
    path?.push(line());
    passedOver = 0;
  };

  for (;;) {
    entriesVisited++;
    const next = at + u16(at + 90);
    if (!headerMatches() || !matchesHold()) {
      passedOver++;
      at = next;
      continue;
    }
    const target = at + u16(at + 88);
    switch (i32(target + 8)) {
      case layout.TARGET_STANDARD: {
        const verdict = i32(target + 32);
        if (verdict >= 0) {
          const isGoto = (i32(at + 80) & layout.GOTO) !== 0;
          if (!isGoto) stack.push(next);
          say(() => `${isGoto ? "goto" : "jump to"} ${table.nameAt(verdict, cluster)}`);
          at = verdict;
        } else if (verdict === layout.VERDICT_RETURN) {
          say(() => "return to the calling chain");
          at = stack.pop()!;
        } else {
          say(() => (verdict === layout.VERDICT_DROP ? "DROP" : "ACCEPT: no rule of kube-proxy applies"));
          return done(verdict === layout.VERDICT_DROP ? DROP : PASS);
        }
        break;
      }
      case layout.TARGET_DNAT: {
        const endpoint = i32(target + 76);
        say(() => `DNAT to ${describeEndpoint(cluster, endpoint)}`);
        return done(endpoint * 2 + state.mark[0]!);
      }
      case layout.TARGET_REJECT:
        say(() => "REJECT with ICMP port unreachable");
        return done(REJECT);
      case layout.TARGET_MARK_MASQ:
        say(() => "mark for masquerade");
        state.mark[0] = 1;
        at = next;
        break;
      case layout.TARGET_MARK_DROP:
        say(() => "mark to be dropped");
        state.mark[1] = 1;
        at = next;
        break;
      default:
        at = next;
    }
  }

  function headerMatches(): boolean {
    // Here nearly every walk ends; every timed batch is checked with this, so it must not take long.
    if ((flow.dst & i32(at + 12)) !== i32(at + 4)) return false;
    const inverted = (view.getUint8(at + 83) & 0x08) !== 0;
    const sourceEqual = (flow.src & i32(at + 8)) === i32(at);
    const protocol = u16(at + 80);
    return sourceEqual !== inverted && (protocol === 0 || protocol === flow.protocol);
  }

  function matchesHold(): boolean {
    const target = at + u16(at + 88);
    for (let m = at + table.sizes.entry; m < target; m += i32(m)) {
      if (!holds(i32(m + 8), i32(m + 32))) return false;
    }
    return true;
  }

  function holds(handler: number, data: number): boolean {
    switch (handler) {
      case layout.MATCH_COMMENT:
      case layout.MATCH_STATE_NEW:
      case layout.MATCH_STATE_UNSOLICITED:
      case layout.MATCH_NFACCT:
        return true;
      case layout.MATCH_PORT:
        return data === 0 || data === flow.dport;
      case layout.MATCH_STATISTIC:
        return (nextInt32(state.random) & 0x7fffffff) < data;
      case layout.MATCH_RECENT_CHECK:
        setLookups++;
        return recentCheck(state, data, flow.src | 0, nowSec);
      case layout.MATCH_RECENT_SET:
        setLookups++;
        state.recent!.put(data, flow.src | 0, 0, nowSec);
        return true;
      case layout.MATCH_DST_LOCAL:
        return local(flow.dst);
      case layout.MATCH_DST_LOCAL_NO_LOOPBACK:
        return flow.dst >>> 24 !== 127 && local(flow.dst);
      case layout.MATCH_SRC_LOCAL:
        return local(flow.src);
      case layout.MATCH_SRC_NOT_LOCAL:
        return !local(flow.src);
      case layout.MATCH_MARK_SET:
        return state.mark[0] === 1;
      case layout.MATCH_MARK_UNSET:
        return state.mark[0] === 0;
      case layout.MATCH_MARK_DROP:
        return state.mark[1] === 1;
      default:
        return false;
    }
  }

  function local(address: number): boolean {
    return address >>> 24 === 127 || cluster.network.nodeAddresses.includes(address >>> 0);
  }
}

/** What a chain is called in words: `KUBE-SVC of default/web:http`. */
export function describeChain(kind: string, index: number, cluster: Cluster): string {
  if (kind === "KUBE-SEP") return `KUBE-SEP of ${describeEndpoint(cluster, index)}`;
  return /^KUBE-(SVC|SVL|EXT|FW)$/.test(kind) ? `${kind} of ${servicePortName(cluster, index)}` : kind;
}

function describeEndpoint(cluster: Cluster, endpoint: number): string {
  return endpointText(cluster, endpoint);
}

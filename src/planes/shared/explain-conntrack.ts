/** What `conntrack.ts` does, written a second time: it counts, and says each step in words. */

import type { Network } from "../../cluster/cluster.js";
import { socketText } from "../../cluster/family.js";
import { OF_IPV6 } from "../families/packet.js";
import type { Decision, Flow, Work } from "../plane.js";
import {
  BUCKET_WORDS,
  type Conntrack,
  DESTINATION,
  DESTINATION_PORT,
  DIRECTION_SHIFT,
  HASHED_BYTES,
  KEY_MASK,
  NEXT,
  NONE,
  nextPort,
  SOURCE,
  SOURCE_PORT,
  TO_CACHE_LINE_WORDS,
} from "./conntrack.js";
import { siphash } from "./siphash.js";

/** l3num. */
const [INET, INET6] = [2, 10];

/** What is counted, and where words go when they are asked for. */
export interface Count {
  readonly work: Work;
  readonly path: string[] | undefined;
  /** Whose addresses the numbers stand for; IPv4 by default. */
  readonly network?: Pick<Network, "ipv6">;
}

/** nf_conntrack_in: the decision of a known connection, or null. */
export function explainKnown(table: Conntrack, flow: Flow, nowSec: number, count: Count): Decision | null {
  count.work.mapLookups++;
  const { node, probes } = search(table, flow);
  count.work.stateProbes += probes;
  const reply = node !== NONE && table.words[node + DESTINATION_PORT]! >>> DIRECTION_SHIFT === 1;
  const found = node === NONE ? "a new connection" : reply ? "known, a reply" : "known";
  count.path?.push(`nf_conntrack of ${table.buckets} buckets: ${found}, ${probes} compared`);
  return node === NONE ? null : table.refresh(node, nowSec);
}

/** The reply tuple's uniqueness, and both inserts. `answering` is who replies: the endpoint, or the destination itself. */
export function explainConfirm(
  table: Conntrack,
  flow: Flow,
  answering: { readonly address: number; readonly port: number },
  decision: Decision,
  nowSec: number,
  { work, path, network = {} }: Count,
): void {
  const reply = {
    src: answering.address | 0,
    sport: answering.port,
    dst: flow.src | 0,
    dport: flow.sport,
    protocol: flow.protocol,
  };
  for (;;) {
    const { node, probes } = search(table, reply);
    work.mapLookups++;
    work.stateProbes += probes;
    if (node === NONE) break;
    path?.push(`reply tuple to port ${reply.dport}: taken`);
    reply.dport = nextPort(reply.dport);
  }
  // Once more, under the locks of both buckets.
  work.stateProbes += search(table, flow).probes + search(table, reply).probes;
  work.entriesWritten += 2;
  table.link(
    bucketOf(table, flow),
    bucketOf(table, reply),
    flow.src | 0,
    flow.sport,
    flow.dst | 0,
    flow.dport,
    flow.protocol,
    reply.src,
    reply.sport,
    reply.dport,
    decision,
    nowSec,
  );
  path?.push(
    `nf_conntrack: confirmed, replies come from ${socketText(network, reply.src >>> 0, reply.sport)} to port ${reply.dport}`,
  );
}

/** Chain walk over whole tuples, as bytes of the key. */
function search(table: Conntrack, tuple: Flow): { node: number; probes: number } {
  let probes = 0;
  for (let node = table.words[bucketOf(table, tuple)]!; node !== NONE; node = table.words[node + NEXT]!) {
    probes++;
    const there = tupleAt(table, node);
    const equal =
      there.src === (tuple.src | 0) &&
      there.dst === (tuple.dst | 0) &&
      there.sport === tuple.sport &&
      there.dport === tuple.dport &&
      there.protocol === tuple.protocol;
    if (equal) return { node, probes };
  }
  return { node: NONE, probes };
}

function tupleAt({ words }: Conntrack, node: number): Flow {
  const to = words[node + DESTINATION_PORT]! & KEY_MASK;
  return {
    src: words[node + SOURCE]!,
    sport: words[node + SOURCE_PORT]! & 0xffff,
    dst: words[node + DESTINATION]!,
    dport: to & 0xffff,
    protocol: (to >>> 16) | (words[node + SOURCE_PORT]! >>> 16 === INET6 ? OF_IPV6 : 0),
  };
}

/** The bucket by the definition: struct nf_conntrack_tuple as bytes, and 64-bit arithmetic. */
function bucketOf(table: Conntrack, tuple: Flow): number {
  const bytes = new Uint8Array(HASHED_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, tuple.src, true);
  view.setUint16(16, tuple.sport, true);
  view.setUint16(18, tuple.protocol < OF_IPV6 ? INET : INET6, true);
  view.setInt32(20, tuple.dst, true);
  view.setUint16(36, tuple.dport, true);
  view.setUint8(38, tuple.protocol % OF_IPV6);
  const hash = new Int32Array(2);
  siphash(bytes, table.key, hash);
  const index = Number((BigInt(hash[0]! >>> 0) * BigInt(table.buckets)) >> 32n);
  return TO_CACHE_LINE_WORDS + index * BUCKET_WORDS;
}

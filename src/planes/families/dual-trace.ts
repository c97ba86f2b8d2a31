/** Flows of both families as a dual-stack node gets them. */

import { FLOW_WORDS, type FlowTrace } from "../../cluster/flows.js";
import { OF_IPV6 } from "./packet.js";

const PROTOCOL_WORD = 3;

/** Flows of IPv4 and of IPv6 in turn. Both traces have the same length. */
export function interleaved(ipv4: FlowTrace, ipv6: FlowTrace): FlowTrace {
  const length = ipv4.length + ipv6.length;
  const words = new Int32Array(length * FLOW_WORDS);
  const target = new Int32Array(length);
  for (let flow = 0; flow < length; flow++) {
    const trace = flow % 2 === 0 ? ipv4 : ipv6;
    const from = flow >> 1;
    words.set(trace.words.subarray(from * FLOW_WORDS, (from + 1) * FLOW_WORDS), flow * FLOW_WORDS);
    if (trace === ipv6) words[flow * FLOW_WORDS + PROTOCOL_WORD]! |= OF_IPV6;
    target[flow] = trace.target[from]!;
  }
  return { length, words, target };
}

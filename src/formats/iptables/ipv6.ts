/** What rules of IPv6 say of their addresses before they are read: the numbers that stand for them need their ranges. */

import type { Ipv6Addresses } from "../../cluster/infer-ipv6.js";
import { type Cidr6, formatCidr6, IPV6_BITS, parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import type { RecognisedText } from "../recognise.js";
import { lines } from "./save.js";

// pattern-bounded: one word of a line.
const DESTINATION = / -d ([\da-f:]+)\/128 .*cluster IP/;
const SERVER = / --to-destination \[([\da-f:]+)\]:/;
const SOURCE = /( !)? -s ([\da-f:]+\/\d+) /;

/** Addresses and ranges of a node's IPv6 rules. */
export function ipv6OfRules(texts: readonly RecognisedText[]): Ipv6Addresses {
  const clusterIps: bigint[] = [];
  const pods: bigint[] = [];
  const sources = new Map<string, { readonly range: Cidr6; tests: number }>();
  for (const line of texts.flatMap(({ text }) => [...lines(text)])) {
    const destination = parseIpv6(DESTINATION.exec(line)?.[1] ?? "");
    if (destination !== undefined) clusterIps.push(destination);
    const server = parseIpv6(SERVER.exec(line)?.[1] ?? "");
    if (server !== undefined) pods.push(server);
    const [, isInverted, text = ""] = SOURCE.exec(line) ?? [];
    const range = parseCidr6(text);
    if (range === undefined || range.prefixLength === IPV6_BITS) continue;
    const key = formatCidr6(range);
    const seen = sources.get(key) ?? { range, tests: 0 };
    // kube-proxy excludes pods, and nobody else.
    if (isInverted !== undefined || line.includes("pod traffic for ")) seen.tests++;
    sources.set(key, seen);
  }
  const [pod] = [...sources.values()].filter(({ tests }) => tests > 0).sort((a, b) => b.tests - a.tests);
  return {
    clusterIps,
    pods,
    sourceRanges: [...sources.values()].map(({ range }) => range),
    ...(pod && { podCidr: pod.range }),
  };
}

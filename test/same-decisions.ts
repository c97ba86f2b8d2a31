/** Whether two clusters decide alike: the contract of each, asked about the same flows. */

import {
  type Cluster,
  formatAddress,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../src/cluster/cluster.js";
import { FLOW_WORDS, type FlowTrace } from "../src/cluster/flows.js";
import { differencesOf, expectationOf } from "../src/planes/contract.js";
import type { PlaneId } from "../src/planes/plane.js";
import { type Situation, Situations } from "../src/planes/situation.js";

export interface Comparison {
  readonly plane: PlaneId;
  /** Flows to compare; all by default. */
  readonly of?: (situation: Readonly<Situation>) => boolean;
  /** Whether sources are masqueraded is left out: the format does not carry it. */
  readonly ignoreMasquerade?: boolean;
}

/** The first flows on which the clusters decide differently, in words. Empty: they decide alike. */
export function differences(a: Cluster, b: Cluster, trace: FlowTrace, comparison: Comparison): string[] {
  const known = differencesOf(comparison.plane);
  const [first, second] = [new Situations(a), new Situations(b)];
  const found: string[] = [];
  for (let flow = 0; flow < trace.length && found.length < 3; flow++) {
    const at = flow * FLOW_WORDS;
    const w = trace.words;
    const [src, dst, dport, protocol] = [w[at]! >>> 0, w[at + 1]! >>> 0, w[at + 2]! & 0xffff, w[at + 3]!];
    const situation = first.of(src, dst, dport, protocol);
    if (comparison.of && !comparison.of(situation)) continue;
    const [expected, decided] = [
      answer(a, known, situation, comparison),
      answer(b, known, second.of(src, dst, dport, protocol), comparison),
    ];
    if (expected !== decided) {
      found.push(
        `${formatAddress(src)} > ${formatAddress(dst)}:${dport} (${protocol}): ${expected}, then ${decided}`,
      );
    }
  }
  return found;
}

function answer(
  cluster: Cluster,
  known: ReturnType<typeof differencesOf>,
  situation: Readonly<Situation>,
  { ignoreMasquerade = false }: Comparison,
): string {
  const { verdict, localOnly, masquerade } = expectationOf(known, situation);
  if (verdict !== "dnat") return String(verdict);
  const endpoints: string[] = [];
  const p = situation.servicePort;
  for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
    if (!(localOnly ? servesPolicyLocal : servesPolicyCluster)(cluster.endpointLocal[e]!)) continue;
    endpoints.push(`${formatAddress(cluster.endpointAddress[e]!)}:${cluster.endpointPort[e]}`);
  }
  return `${endpoints.sort().join(" ")}${ignoreMasquerade ? "" : ` masquerade ${masquerade}`}`;
}

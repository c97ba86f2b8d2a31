/** Which connections a round makes. */

import type { Cluster } from "../cluster/cluster.js";
import { type FlowTrace, flowAt } from "../cluster/flows.js";
import type { Flow } from "../planes/plane.js";

/** The flows of a trace, with unsigned sources. */
export function flowsOf({ length, words }: FlowTrace): Flow[] {
  return Array.from({ length }, (_, i) => {
    const flow = flowAt(words, i);
    return { ...flow, src: flow.src >>> 0, dst: flow.dst >>> 0 };
  });
}

/** The same clients, straight to an endpoint of the same service. */
export function endpointFlows(cluster: Cluster, trace: FlowTrace, seed: number): Flow[] {
  return flowsOf(trace).map((flow, i) => {
    const p = trace.target[i]!;
    const first = cluster.endpointStart[p]!;
    const count = cluster.endpointStart[p + 1]! - first;
    const endpoint = first + ((seed + i) % count);
    return { ...flow, dst: cluster.endpointAddress[endpoint]!, dport: cluster.endpointPort[endpoint]! };
  });
}

/** `balance`: how evenly flows spread over endpoints, and how many choose another when one endpoint leaves. */

import { applyChange } from "../src/cluster/change.js";
import type { Cluster } from "../src/cluster/cluster.js";
import { flowAt, generateTrace } from "../src/cluster/flows.js";
import { compileFor } from "../src/measure/replicate/traffic.js";
import type { Job, Scenario } from "../src/measure/scenario.js";
import type { Model } from "../src/planes/plane.js";

const ENDPOINTS = 10;
const FLOWS = 20_000;

export const balance: Scenario = {
  id: "balance",
  label: "Spread over the endpoints of one Service, and flows that move when one of ten leaves",
  question: "Why Maglev?",
  report: { unit: "counts", axis: "services", positionMatters: false, captions: {} },
  sizes: (_asked, { can }) =>
    (can.schedulers.length > 0 ? can.schedulers : [""]).map((variant) => ({
      services: 1,
      endpoints: ENDPOINTS,
      variant,
    })),
  oneFamily: "it counts how the flows of one Service spread over its endpoints, which have one family",
  measure: async (job, cluster, plane) => {
    const options = { ...job.options, ...(job.variant !== "" && plane.scheduledBy?.(job.variant)) };
    const asked = { ...job, options };
    const program = compileFor(asked, cluster, plane);
    const left = applyChange(cluster, { kind: "leave", servicePort: 0, endpoint: 0 });
    const before = choices(program.model(job.seed), cluster, job);
    // Other random numbers: a flow that comes again draws again.
    const after = choices(compileFor(asked, left, plane).model(job.seed + 1), left, job);
    const gone = cluster.endpointAddress[0]!;
    const moved = before.filter((address, flow) => address !== after[flow]).length;
    const counts = new Map<number, number>();
    for (const address of before) counts.set(address, (counts.get(address) ?? 0) + 1);
    const expected = FLOWS / ENDPOINTS;
    const chiSquare = Array.from(cluster.endpointAddress, (address) => counts.get(address) ?? 0).reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
    return {
      counts: {
        flows: FLOWS,
        "chi-square": chiSquare,
        "degrees of freedom": ENDPOINTS - 1,
        "share moved": moved / FLOWS,
        // Whoever went to the endpoint that left must move; no other flow has to.
        "least share": before.filter((address) => address === gone).length / FLOWS,
      },
      endpoints: ENDPOINTS,
      programBytes: program.bytes(),
      facts: program.facts(),
    };
  },
};

/** Address of the endpoint that each flow of a trace is sent to. */
function choices(model: Model, cluster: Cluster, { seed, entry }: Job): number[] {
  const { words, length } = generateTrace(cluster, { flows: FLOWS, seed, entry });
  return Array.from({ length }, (_, at) => {
    const { src, sport, dst, dport, protocol } = flowAt(words, at);
    const decision = model.lookup(src, sport, dst, dport, protocol, 0);
    return decision < 0 ? decision : cluster.endpointAddress[decision >> 1]!;
  });
}

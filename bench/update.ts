/** `update`: what a control plane writes when one endpoint changes, in exact counts. */

import type { Change } from "../src/cluster/change.js";
import type { Scenario } from "../src/measure/scenario.js";
import type { UpdateCost } from "../src/planes/plane.js";
import { compileFor } from "./trace.js";

/** Share of a service's endpoints that a rolling restart replaces at a time. */
const ROLLOUT_SHARE = 0.1;

export const update: Scenario = {
  id: "update",
  label: "What is rewritten when one endpoint joins, leaves, or a service restarts",
  question: "What do addresses that change all the time cost the control plane?",
  measure: async (job, cluster, plane) => {
    const program = compileFor(job, cluster, plane);
    const servicePort = cluster.servicePorts >> 1;
    const endpoint = cluster.endpointStart[servicePort]!;
    const changes: Record<string, Change> = {
      join: { kind: "join", servicePort },
      leave: { kind: "leave", servicePort, endpoint },
      rollout: { kind: "rollout", servicePort, share: ROLLOUT_SHARE },
    };
    const counts: Record<string, number> = {};
    for (const [name, change] of Object.entries(changes)) {
      Object.assign(counts, named(name, program.update(change)));
      if (plane.id === "iptables")
        Object.assign(counts, named(`${name} full`, program.update(change, "full")));
    }
    return {
      counts,
      endpoints: cluster.endpoints / cluster.servicePorts,
      programBytes: program.bytes(),
      facts: program.facts(),
    };
  },
};

function named(name: string, { rules, chains, mapWrites, bytes }: UpdateCost): Record<string, number> {
  return {
    [`${name} rules`]: rules,
    [`${name} chains`]: chains,
    [`${name} map writes`]: mapWrites,
    [`${name} bytes`]: bytes,
  };
}

/** What a plane may answer to a flow, and whether a decision is that. */

import { type Cluster, servesPolicyCluster, servesPolicyLocal } from "../cluster/cluster.js";
import type { Decision, DROP, PASS, REJECT } from "./plane.js";
import type { Situation } from "./situation.js";

/** When the source of a chosen connection is rewritten. `hairpin`: the client is the chosen endpoint. */
export type Masquerade = "always" | "never" | "hairpin" | "hairpin-if-local" | "hairpin-or-leaving-node";

/** What is allowed: a verdict, or any endpoint of the service-port (of this node only, where `localOnly`). */
export interface Expectation {
  verdict: "dnat" | typeof PASS | typeof REJECT | typeof DROP;
  localOnly: boolean;
  masquerade: Masquerade;
}

/** Whether a decision is one of those allowed. */
export function allows(
  expected: Readonly<Expectation>,
  s: Readonly<Situation>,
  cluster: Cluster,
  decision: Decision,
): boolean {
  if (decision < 0) return decision === expected.verdict;
  if (expected.verdict !== "dnat") return false;
  const endpoint = decision >>> 1;
  const p = s.servicePort;
  if (endpoint < cluster.endpointStart[p]! || endpoint >= cluster.endpointStart[p + 1]!) return false;
  const local = servesPolicyLocal(cluster.endpointLocal[endpoint]!);
  if (expected.localOnly ? !local : !servesPolicyCluster(cluster.endpointLocal[endpoint]!)) return false;
  const hairpin = cluster.endpointAddress[endpoint] === s.sourceAddress;
  return (decision & 1) === Number(masquerades(expected.masquerade, hairpin, local));
}

function masquerades(rule: Masquerade, hairpin: boolean, local: boolean): boolean {
  switch (rule) {
    case "always":
      return true;
    case "never":
      return false;
    case "hairpin":
      return hairpin;
    case "hairpin-if-local":
      return hairpin && local;
    case "hairpin-or-leaving-node":
      return hairpin || !local;
  }
}

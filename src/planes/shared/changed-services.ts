/** Which services a sync rewrites: kube-proxy tracks what changed by the names of Services. */

import type { Cluster } from "../../cluster/cluster.js";

/** The services that changed, by their numbers before and after: one that came or went has no number in the other. */
export interface ChangedServices {
  readonly before: ReadonlySet<number>;
  readonly after: ReadonlySet<number>;
}

/** One service that is there before and after. */
export function changedService(service: number): ChangedServices {
  const same = new Set([service]);
  return { before: same, after: same };
}

/**
 * Services by their names, in two clusters.
 *
 * @param names `namespace/name` of those that changed.
 */
export function changedServices(
  before: Cluster,
  after: Cluster,
  names: ReadonlySet<string>,
): ChangedServices {
  return { before: numbersOf(before, names), after: numbersOf(after, names) };
}

function numbersOf(cluster: Cluster, names: ReadonlySet<string>): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (let s = 0; s < cluster.services; s++) if (names.has(cluster.serviceName(s))) numbers.add(s);
  return numbers;
}

/** The Service whose changes are counted, in place of all Services. */

import type { Cluster } from "../cluster/cluster.js";

/** The first service-port with the median number of endpoints. */
export function typicalServicePort(cluster: Cluster): number {
  const counts = Array.from(
    { length: cluster.servicePorts },
    (_, p) => cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!,
  );
  const middle = counts.toSorted((a, b) => a - b)[cluster.servicePorts >> 1]!;
  return counts.indexOf(middle);
}

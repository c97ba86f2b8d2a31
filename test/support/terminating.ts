/** Clusters in which endpoints of this node terminate and still serve. */

import { type Cluster, LOCAL, LOCAL_POLICY_ONLY, REMOTE } from "../../src/cluster/cluster.js";

/** Every second service-port's endpoints of this node serve policy Local only, where others are ready elsewhere. */
export function withTerminating(cluster: Cluster): Cluster {
  const endpointLocal = cluster.endpointLocal.slice();
  for (let p = 0; p < cluster.servicePorts; p += 2) {
    const own = endpointLocal.subarray(cluster.endpointStart[p], cluster.endpointStart[p + 1]);
    if (!own.includes(REMOTE)) continue;
    for (const [i, local] of own.entries()) if (local === LOCAL) own[i] = LOCAL_POLICY_ONLY;
  }
  return { ...cluster, endpointLocal };
}

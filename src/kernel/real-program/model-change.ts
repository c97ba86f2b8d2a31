/** A change of objects in the rows of a cluster, where it is one that `Program.update` knows. */

import type { Change } from "../../cluster/change.js";
import { type Cluster, parseAddress } from "../../cluster/cluster.js";
import type { RandomChange } from "./changed-objects.js";

/** Undefined where the model has no such change: of a Service with more than one port, or of an endpoint that the cluster does not hold. */
export function modelChange(
  cluster: Cluster,
  { kind, service, address }: NonNullable<RandomChange["endpoint"]>,
): Change | undefined {
  for (let s = 0; s < cluster.services; s++) {
    if (cluster.serviceName(s) !== service) continue;
    const servicePort = cluster.portStart[s]!;
    if (cluster.portStart[s + 1]! !== servicePort + 1) return undefined;
    if (kind === "join") return { kind, servicePort };
    const [first, end] = [cluster.endpointStart[servicePort]!, cluster.endpointStart[servicePort + 1]!];
    const row = cluster.endpointAddress.subarray(first, end).indexOf(numberOf(cluster, address));
    return row < 0 ? undefined : { kind, servicePort, endpoint: first + row };
  }
  return undefined;
}

function numberOf({ network: { ipv6 } }: Cluster, address: string): number {
  return (ipv6 === undefined ? parseAddress(address) : ipv6.parse(address)) ?? 0;
}

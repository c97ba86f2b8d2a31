/** A cluster of ours as the objects that a proxy on its node reads. */

import type { Cluster } from "../../cluster/cluster.js";
import { addressText, type DualStack, familiesOf } from "../../cluster/family.js";
import { kubernetesObjects } from "../export.js";
import { THIS_NODE } from "../exported-nodes.js";
import { serviceCidrObjects } from "../network/service-cidrs.js";
import { type ApiObject, completed } from "./parse.js";
import { NODE, SERVICE_CIDR } from "./resources.js";
import { checkEndpointsPerSlice, DEFAULT_ENDPOINTS_PER_SLICE } from "./slices.js";

/** The node that the export writes into local endpoints: what `--hostname-override` names. */
export const CLUSTER_NODE = THIS_NODE;

/**
 * The Node, its ServiceCIDRs, the Services and their EndpointSlices, one after the other.
 * @param size Endpoints per slice, 1 to 1,000.
 * @throws NotRepresentableError for a cluster that the API server would refuse.
 */
export function* clusterObjects(
  cluster: Cluster | DualStack,
  size = DEFAULT_ENDPOINTS_PER_SLICE,
): Iterable<ApiObject> {
  checkEndpointsPerSlice(size);
  const families = familiesOf(cluster).filter((one) => one !== undefined);
  yield nodeObject(families);
  yield* serviceCidrObjects(families);
  for (const object of kubernetesObjects(cluster, size)) {
    if (object.kind !== SERVICE_CIDR.kind) yield completed(object).object;
  }
}

function nodeObject(families: readonly Cluster[]): ApiObject {
  const addresses = families.flatMap(({ network }) =>
    network.nodeAddresses.map((address) => ({ type: "InternalIP", address: addressText(network, address) })),
  );
  return {
    apiVersion: "v1",
    kind: NODE.kind,
    metadata: { name: CLUSTER_NODE },
    spec: {},
    status: { addresses: [...addresses, { type: "Hostname", address: CLUSTER_NODE }] },
  };
}

/** ServiceCIDR objects: a cluster has one that the API server makes, and since Kubernetes 1.33 any number of others. */

import type { Cluster } from "../../cluster/cluster.js";
import { rangeText } from "../../cluster/family.js";
import { serviceCidrsOf } from "../../cluster/service-ranges.js";
import type { ServiceCidr } from "../schema.js";

/** The object that the API server makes of its `--service-cluster-ip-range`. */
const DEFAULT_NAME = "kubernetes";

/**
 * The ranges that kube-proxy takes for cluster IPs', each once, those of the cluster's own object first. It does not look at
 * the state of an object: one that is being deleted, or not ready, counts until it is gone (pkg/proxy/config/config.go,
 * handleServiceCIDREvent, 1.34 to 1.37).
 */
export function rangesOfObjects(objects: readonly ServiceCidr[]): string[] {
  const isDefault = ({ metadata }: ServiceCidr) => metadata.name === DEFAULT_NAME;
  const inOrder = [...objects.filter(isDefault), ...objects.filter((object) => !isDefault(object))];
  return [...new Set(inOrder.flatMap(({ spec }) => spec.cidrs ?? []))];
}

/** The objects of a cluster's ranges, or of both its parts: an object has at most one range of a family. */
export function serviceCidrObjects(families: readonly Cluster[]) {
  const ranges = families.map(({ network }) =>
    serviceCidrsOf(network).map((range) => rangeText(network, range)),
  );
  const count = Math.max(...ranges.map(({ length }) => length));
  return Array.from({ length: count }, (_, i) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: i === 0 ? DEFAULT_NAME : `${DEFAULT_NAME}-${i + 1}` },
    spec: { cidrs: ranges.flatMap((ofFamily) => ofFamily[i] ?? []) },
  }));
}

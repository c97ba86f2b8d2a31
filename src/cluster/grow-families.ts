/** Grows clusters of one family or of both, which are as large as the larger of their parts. */

import { InvalidClusterError } from "../errors.js";
import type { Cluster } from "./cluster.js";
import { chooseFamily, type DualStack, FAMILY_NAMES, type Family, familiesOf } from "./family.js";
import { growCluster } from "./grow.js";

/** Services of a cluster; of a dual-stack one, of the family that has more. */
export function servicesOf(cluster: Cluster | DualStack): number {
  const [first, second] = familiesOf(cluster);
  return Math.max(first.services, second?.services ?? 0);
}

/** Grows what is given, each family in proportion. Throws InvalidClusterError as `growCluster` does. */
export function growFamilies(cluster: Cluster | DualStack, services: number): Cluster | DualStack {
  if (!("ipv4" in cluster)) return growCluster(cluster, services);
  return { ipv4: growFamily(cluster, services, 4), ipv6: growFamily(cluster, services, 6) };
}

/**
 * One family of a cluster that is grown to so many services.
 *
 * @param family Absent: the only one, or IPv4.
 * @throws InvalidClusterError where it lacks the family, and as `growCluster`.
 */
export function growFamily(cluster: Cluster | DualStack, services: number, family?: Family): Cluster {
  const [first] = familiesOf(cluster);
  const part = family === undefined ? first : chooseFamily(cluster, family);
  if (part === undefined || "ipv4" in part) {
    throw new InvalidClusterError(`the cluster has no Services of ${FAMILY_NAMES[family ?? 4]}`);
  }
  const share = part.services / servicesOf(cluster);
  return growCluster(part, share === 1 ? services : Math.max(1, Math.round(services * share)));
}

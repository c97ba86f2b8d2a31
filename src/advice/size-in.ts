/** Which N of a run a cluster is to be read at. */

import type { Cluster } from "../cluster/cluster.js";
import { clusterDigest } from "../cluster/digest.js";
import { growCluster } from "../cluster/grow.js";
import { InputError } from "../errors.js";
import type { Results } from "../results/schema.js";
import { minOf } from "../stats/extent.js";

/** No run of a cluster is recognised by a copy that takes longer to make than to read. */
const MAX_GROWN = 100_000;

/** What of a cluster a run's N count. */
export type Axis = "services" | "servicePorts";

/**
 * What of a cluster a run's N count: Services, where the run measured this very cluster, at whatever size; service-ports
 * otherwise. Generated clusters have one of each Service, and a plane's tables have an entry for each.
 *
 * @param run Results of the scenario `lookup`.
 * @param cluster The cluster to find in it.
 * @returns The column that `sizeIn` reads.
 */
export function axisOf(run: Results, cluster: Cluster): Axis {
  return isMeasuredIn(run, cluster) || isGrownIn(run, cluster) ? "services" : "servicePorts";
}

/**
 * The N at which a run is read for a cluster.
 *
 * @param run Results of the scenario `lookup`.
 * @param cluster The cluster to find in it.
 * @returns N on the run's axis of services; it need not be one that was measured.
 */
export function sizeIn(run: Results, cluster: Cluster): number {
  return cluster[axisOf(run, cluster)];
}

/**
 * Whether a run measured this very cluster as it is, and not one that is like it in size.
 *
 * @param run Results of the scenario `lookup`.
 * @param cluster The cluster to find in it.
 * @returns Whether their digests are equal.
 */
export function isMeasuredIn({ cluster: { digests } }: Results, cluster: Cluster): boolean {
  const digest = digests[String(cluster.services)];
  // Of a dual-stack cluster it holds both families' digests.
  return digest?.split(" ").includes(clusterDigest(cluster)) ?? false;
}

/** Whether a run grew this cluster to its own numbers of services, which need not hold the cluster's. */
function isGrownIn(run: Results, cluster: Cluster): boolean {
  if (run.cluster.source !== "imported") return false;
  const sizes = Object.keys(run.cluster.digests).filter((name) => /^\d{1,9}$/.test(name));
  const least = minOf(sizes.map(Number));
  if (least > MAX_GROWN) return false;
  try {
    return isMeasuredIn(run, growCluster(cluster, least));
  } catch (error) {
    // Its ranges are too small for what the run measured: that was another one.
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** Which clusters a run measures, by digest. */

import { setImmediate } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.js";
import { clusterDigest } from "../cluster/digest.js";
import { UsageError } from "../errors.js";
import type { Cell, Results } from "../results/schema.js";

/**
 * Stores a digest of every cluster, up to where the signal aborts. Throws UsageError where a resumed run has another: all
 * replicates share one.
 */
export async function recordClusterDigests(
  results: Results,
  synthetic: boolean,
  signal: AbortSignal,
  clusterOf: (cell: Cell) => Promise<Cluster>,
): Promise<void> {
  const usual = synthetic ? results.run.settings.endpointsPerService : null;
  const { digests } = results.cluster;
  const seen = new Set<string>();
  for (const cell of results.cells) {
    const name = clusterName(cell, usual);
    if (seen.has(name)) continue;
    seen.add(name);
    // Clusters are built at one go: only between two of them can a signal arrive.
    await setImmediate();
    if (signal.aborted) return;
    const digest = clusterDigest(await clusterOf(cell));
    if (digests[name] !== undefined && digests[name] !== digest) {
      throw new UsageError(
        `this run began with another cluster (${name} services): give it the same --cluster`,
      );
    }
    digests[name] = digest;
  }
}

/** `1000`, or `100x10 affinity` where a scenario varies more than N. `usual`: endpoints of a service; null: imported. */
function clusterName({ services, endpoints, variant }: Cell, usual: number | null): string {
  return [usual === null || endpoints === usual ? services : `${services}x${endpoints}`, variant]
    .filter((part) => part !== "")
    .join(" ");
}

/** Which clusters a run measures, and their digests. */

import { setImmediate } from "node:timers/promises";
import { clusterDigest } from "../cluster/digest.js";
import { familiesOf } from "../cluster/family.js";
import { benchFamilies, type ClusterRequest } from "../measure/replicate/bench-cluster.js";
import type { Cell, Results } from "../results/schema.js";
import { NotResumableError } from "./errors.js";
import type { RunContext } from "./lanes/lane.js";

type ClusterContext = Pick<RunContext, "catalog" | "clusterFile">;

/** What makes the cluster of a cell. */
export function clusterRequest(
  { run, planes }: Results,
  { plane, scenario, services, endpoints, variant }: Cell,
  { catalog, clusterFile }: ClusterContext,
): ClusterRequest {
  return {
    clusterFile,
    services,
    clusterSeed: run.seed,
    endpointsPerService: endpoints,
    // Planes that only clients outside the cluster meet have an entry of their own.
    entry: planes?.[plane]?.entry ?? run.entry,
    affinityShare: 0,
    ...(run.settings.family !== undefined && { family: run.settings.family }),
    ...catalog.scenarios.find(({ id }) => id === scenario)?.clusterOf?.(variant),
  };
}

/**
 * Stores a digest of every cluster, until the signal aborts.
 *
 * @throws NotResumableError where a resumed run has another cluster: all replicates share one.
 */
export async function recordClusterDigests(
  results: Results,
  context: ClusterContext,
  signal: AbortSignal,
): Promise<void> {
  const usual = context.clusterFile === null ? results.run.settings.endpointsPerService : null;
  const { digests } = results.cluster;
  const seen = new Set<string>();
  for (const cell of results.cells) {
    const request = clusterRequest(results, cell, context);
    const name = [
      clusterName(cell, usual),
      ...(request.entry === results.run.entry ? [] : [request.entry]),
    ].join(" ");
    if (seen.has(name)) continue;
    seen.add(name);
    // Building a cluster does not yield: only between two of them can a signal arrive.
    await setImmediate();
    if (signal.aborted) return;
    // Of a dual-stack cluster both, in one text.
    const digest = familiesOf(await benchFamilies(request))
      .filter((part) => part !== undefined)
      .map(clusterDigest)
      .join(" ");
    if (digests[name] !== undefined && digests[name] !== digest) {
      throw new NotResumableError(
        `this run began with another cluster (${name} Services): give it the same one`,
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

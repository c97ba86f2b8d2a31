/** The cluster of a run at N services: made by the children that measure it, and once by the parent for its digest. */

import { readFileSync } from "node:fs";
import type { Cluster } from "../../cluster/cluster.js";
import { exposeServices } from "../../cluster/expose.js";
import { generateCluster } from "../../cluster/generate.js";
import type { Job } from "../scenario.js";

/** The variant in which every service keeps a client at its endpoint. Clients of a trace are new: an old one is found at once. */
export const AFFINITY_VARIANT = "affinity";

export type ClusterRequest = Pick<
  Job,
  "clusterFile" | "services" | "clusterSeed" | "endpointsPerService" | "entry" | "affinityShare" | "vips"
>;

/**
 * Reads and grows the given cluster file, or generates; its Services get load balancers where flows enter there. The same
 * request gives the same cluster.
 */
export async function benchCluster(request: ClusterRequest): Promise<Cluster> {
  const cluster = await plainCluster(request);
  return request.entry === "loadBalancer" ? exposeServices(cluster) : cluster;
}

async function plainCluster(request: ClusterRequest): Promise<Cluster> {
  const {
    clusterFile,
    services,
    clusterSeed,
    endpointsPerService,
    entry,
    affinityShare,
    vips = "random",
  } = request;
  if (clusterFile !== null) {
    // Only here, because it loads zod: a child that times should start light.
    const { parseCluster } = await import("../../cluster/json.js");
    const { growCluster } = await import("../../cluster/grow.js");
    return growCluster(parseCluster(readFileSync(clusterFile, "utf8")), services);
  }
  return generateCluster({
    services,
    seed: clusterSeed,
    endpoints: { kind: "constant", count: endpointsPerService },
    types: entry === "nodePort" ? "nodePort" : "clusterIp",
    affinityShare,
    ...(vips === "sequential" && { vips }),
  });
}

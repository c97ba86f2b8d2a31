/** The cluster of a run at N services: made by the children that measure it, and once by the parent for its digest. */

import { readFileSync } from "node:fs";
import type { Cluster } from "../../cluster/cluster.js";
import { exposeServices } from "../../cluster/expose.js";
import type { DualStack, Family } from "../../cluster/family.js";
import { generateCluster } from "../../cluster/generate.js";
import type { Job } from "../scenario.js";

/** The variant in which every service keeps a client at its endpoint. Clients of a trace are new: an old one is found at once. */
export const AFFINITY_VARIANT = "affinity";

export type ClusterRequest = Pick<
  Job,
  | "clusterFile"
  | "services"
  | "clusterSeed"
  | "endpointsPerService"
  | "entry"
  | "affinityShare"
  | "vips"
  | "family"
>;
/** Of one family. */
export type FamilyRequest = Omit<ClusterRequest, "family"> & { readonly family?: Family };

/** The cluster of a request, or both parts of a dual-stack one. The same request gives the same cluster. */
export async function benchFamilies({ family, ...request }: ClusterRequest): Promise<Cluster | DualStack> {
  if (family !== "dual") return benchCluster({ ...request, ...(family !== undefined && { family }) });
  return {
    ipv4: await benchCluster({ ...request, family: 4 }),
    ipv6: await benchCluster({ ...request, family: 6 }),
  };
}

/** Reads and grows the given cluster file, or generates; its Services get load balancers where flows enter there. */
export async function benchCluster(request: FamilyRequest): Promise<Cluster> {
  const cluster = await plainCluster(request);
  return request.entry === "loadBalancer" ? exposeServices(cluster) : cluster;
}

async function plainCluster(request: FamilyRequest): Promise<Cluster> {
  const {
    clusterFile,
    services,
    clusterSeed,
    endpointsPerService,
    entry,
    affinityShare,
    vips = "random",
    family,
  } = request;
  if (clusterFile !== null) {
    // Only here, because it loads zod: a child that times should start light.
    const { parseClusterFile } = await import("../../cluster/json.js");
    const { growFamily } = await import("../../cluster/grow-families.js");
    return growFamily(parseClusterFile(readFileSync(clusterFile, "utf8")), services, family);
  }
  return generateCluster({
    services,
    seed: clusterSeed,
    endpoints: { kind: "constant", count: endpointsPerService },
    types: entry === "nodePort" ? "nodePort" : "clusterIp",
    affinityShare,
    ...(vips === "sequential" && { vips }),
    ...(family === 6 && { family }),
  });
}

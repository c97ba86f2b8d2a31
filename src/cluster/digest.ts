/** A cluster's fingerprint: the same on every machine, so that two results are known to rest on the same bytes. */

import { createHash } from "node:crypto";
import type { Cluster } from "./cluster.js";

/**
 * SHA-256 (hex) over the network and all columns in a fixed order, little-endian as every supported machine stores them.
 *
 * @param cluster The cluster.
 * @returns 64 hexadecimal digits: the same for the same cluster on every machine.
 */
export function clusterDigest(cluster: Cluster): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(cluster.network));
  for (const column of [
    cluster.clusterIp,
    cluster.serviceType,
    cluster.affinitySeconds,
    cluster.internalLocal,
    cluster.externalLocal,
    cluster.portStart,
    cluster.externalStart,
    cluster.externalAddress,
    cluster.externalKind,
    cluster.rangeStart,
    cluster.rangeBase,
    cluster.rangePrefixLength,
    cluster.protocol,
    cluster.port,
    cluster.nodePort,
    cluster.endpointStart,
    cluster.endpointAddress,
    cluster.endpointPort,
    cluster.endpointLocal,
  ]) {
    hash.update(`${column.length}:`);
    hash.update(column);
  }
  // Only where there is one, so that clusters without keep the fingerprint that they had.
  if (cluster.healthCheckNodePort.some((port) => port !== 0)) hash.update(cluster.healthCheckNodePort);
  return hash.digest("hex");
}

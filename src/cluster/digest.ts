/** A cluster's fingerprint: the same on every machine, so that two results are known to rest on the same bytes. */

import { createHash } from "node:crypto";
import type { AddressPlan } from "./address-plan.js";
import type { Cluster, Network } from "./cluster.js";
import { rangeText } from "./family.js";

/**
 * SHA-256 (hex) over the network and all columns in a fixed order, little-endian as every supported machine stores them.
 *
 * @param cluster The cluster.
 * @returns 64 hexadecimal digits: the same for the same cluster on every machine.
 * @throws InvalidClusterError for an address that is in no range of an IPv6 cluster.
 * @example
 * ```ts
 * import { generateCluster } from "lbscale";
 * import { clusterDigest } from "lbscale/run";
 *
 * // The same on every machine: it says which cluster was measured.
 * console.log(clusterDigest(generateCluster({ services: 1000, seed: 1 })));
 * ```
 */
export function clusterDigest(cluster: Cluster): string {
  const hash = createHash("sha256");
  const { moreServiceCidrs = [], ...network } = cluster.network;
  const { ipv6 } = network;
  hash.update(JSON.stringify(ipv6 === undefined ? network : ipv6Network(network, ipv6)));
  for (const column of [
    ...(ipv6 === undefined ? [cluster.clusterIp] : []),
    cluster.serviceType,
    cluster.affinitySeconds,
    cluster.internalLocal,
    cluster.externalLocal,
    cluster.portStart,
    cluster.externalStart,
    ...(ipv6 === undefined ? [cluster.externalAddress] : []),
    cluster.externalKind,
    cluster.rangeStart,
    ...(ipv6 === undefined ? [cluster.rangeBase, cluster.rangePrefixLength] : []),
    cluster.protocol,
    cluster.port,
    cluster.nodePort,
    cluster.endpointStart,
    ...(ipv6 === undefined ? [cluster.endpointAddress] : []),
    cluster.endpointPort,
    cluster.endpointLocal,
  ]) {
    hash.update(`${column.length}:`);
    hash.update(column);
  }
  // A plan may give the same addresses other numbers: what they stand for counts.
  if (ipv6 !== undefined)
    for (const numbers of [cluster.clusterIp, cluster.externalAddress, cluster.endpointAddress])
      for (const number of numbers) hash.update(`${ipv6.format(number)} `);
  if (ipv6 !== undefined)
    for (const [row, base] of cluster.rangeBase.entries())
      hash.update(`${ipv6.formatCidr({ base, prefixLength: cluster.rangePrefixLength[row]! })} `);
  // Only where there is one, so that clusters without keep the fingerprint that they had.
  if (cluster.healthCheckNodePort.some((port) => port !== 0)) hash.update(cluster.healthCheckNodePort);
  for (const range of moreServiceCidrs) hash.update(`services:${rangeText(network, range)}`);
  if (cluster.idleEndpoints > 0) hash.update(`idle:${cluster.idleEndpoints}`);
  return hash.digest("hex");
}

/** A network of IPv6 in words. */
function ipv6Network(network: Network, ipv6: AddressPlan): object {
  return {
    serviceCidr: ipv6.formatCidr(network.serviceCidr),
    podCidr: ipv6.formatCidr(network.podCidr),
    clientCidr: ipv6.formatCidr(network.clientCidr),
    nodeAddresses: network.nodeAddresses.map((address) => ipv6.format(address)),
  };
}

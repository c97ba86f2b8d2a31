/** Writes the cluster file (json.ts reads it): one line per service. */

import {
  type Cluster,
  isExternalIp,
  isIngressIp,
  type Network,
  protocolName,
  servesPolicyCluster,
  servesPolicyLocal,
} from "./cluster.js";
import { addressText, type DualStack, familiesOf, rangeText } from "./family.js";

export const FORMAT = "cluster";
export const VERSION = 1;
/** Of files with both families, so that programs which know one do not lose the other. */
export const DUAL_VERSION = 2;
export const TYPES = ["ClusterIP", "NodePort", "LoadBalancer"] as const;
/** Text per chunk, so that a pipe sees few writes and no giant string. */
const CHUNK_LENGTH = 65_536;

/**
 * Writes a cluster in chunks, so that a hundred thousand services never stand in one string.
 *
 * @param cluster The cluster, or both of a dual-stack one: IPv4, then IPv6.
 * @returns Chunks of JSON; joined they are a cluster file.
 * @throws InvalidClusterError for an address that is in no range of an IPv6 cluster.
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import os from "node:os";
 * import { generateCluster, writeCluster } from "lbscale";
 *
 * const cluster = generateCluster({ services: 10, seed: 1 });
 * writeFileSync(`${os.tmpdir()}/cluster.json`, [...writeCluster(cluster)].join(""));
 * ```
 */
export function* writeCluster(cluster: Cluster | DualStack): Iterable<string> {
  const [first, second] = familiesOf(cluster);
  const version = second ? DUAL_VERSION : VERSION;
  const head = { lbscale: FORMAT, version, source: first.source, ...partHead(first) };
  yield* writeServices(`${JSON.stringify(head).slice(0, -1)},"services":[`, first);
  if (second) {
    yield* writeServices(`,\n"ipv6":${JSON.stringify(partHead(second)).slice(0, -1)},"services":[`, second);
    yield "}";
  }
  yield "}\n";
}

function partHead({ network, idleEndpoints }: Cluster): object {
  return { network: networkObject(network), idleEndpoints: idleEndpoints || undefined };
}

function networkObject(network: Network): object {
  return {
    serviceCidr: rangeText(network, network.serviceCidr),
    moreServiceCidrs: network.moreServiceCidrs?.map((range) => rangeText(network, range)),
    podCidr: rangeText(network, network.podCidr),
    clientCidr: rangeText(network, network.clientCidr),
    nodeAddresses: network.nodeAddresses.map((one) => addressText(network, one)),
  };
}

function* writeServices(head: string, cluster: Cluster): Iterable<string> {
  let chunk = head;
  for (let s = 0; s < cluster.services; s++) {
    chunk += `${s === 0 ? "" : ","}\n${JSON.stringify(serviceObject(cluster, s))}`;
    if (chunk.length >= CHUNK_LENGTH) {
      yield chunk;
      chunk = "";
    }
  }
  yield `${chunk}\n]`;
}

/** One service as the file holds it; what is at its default is left out. */
function serviceObject(cluster: Cluster, s: number): object {
  const external = (isListed: (kind: number) => boolean): string[] | undefined =>
    unlessEmpty(
      rows(cluster.externalStart, s)
        .filter((x) => isListed(cluster.externalKind[x]!))
        .map((x) => addressText(cluster.network, cluster.externalAddress[x]!)),
    );
  return {
    name: cluster.serviceName(s),
    clusterIp: addressText(cluster.network, cluster.clusterIp[s]!),
    type: TYPES[cluster.serviceType[s]!],
    affinitySeconds: cluster.affinitySeconds[s] || undefined,
    internalLocal: cluster.internalLocal[s] === 1 || undefined,
    externalLocal: cluster.externalLocal[s] === 1 || undefined,
    healthCheckNodePort: cluster.healthCheckNodePort[s] || undefined,
    externalIps: external(isExternalIp),
    ingressIps: external(isIngressIp),
    sourceRanges: unlessEmpty(
      rows(cluster.rangeStart, s).map((r) =>
        rangeText(cluster.network, {
          base: cluster.rangeBase[r]!,
          prefixLength: cluster.rangePrefixLength[r]!,
        }),
      ),
    ),
    ports: rows(cluster.portStart, s).map((p) => ({
      name: cluster.portName(p) || undefined,
      protocol: protocolName(cluster.protocol[p]!),
      port: cluster.port[p],
      nodePort: cluster.nodePort[p] || undefined,
      endpoints: rows(cluster.endpointStart, p).map((e) => ({
        address: addressText(cluster.network, cluster.endpointAddress[e]!),
        port: cluster.endpointPort[e],
        local: servesPolicyLocal(cluster.endpointLocal[e]!) || undefined,
        localPolicyOnly: !servesPolicyCluster(cluster.endpointLocal[e]!) || undefined,
      })),
    })),
  };
}

/** Indices of the rows that an owner has. */
function rows(start: Uint32Array, owner: number): number[] {
  const indices: number[] = [];
  for (let row = start[owner]!; row < start[owner + 1]!; row++) indices.push(row);
  return indices;
}

function unlessEmpty<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}

/** The virtual services that kube-proxy creates for a cluster, as columns. */

import { type Cluster, servesPolicyCluster, servesPolicyLocal } from "../../../cluster/cluster.js";

/** One row for each (address, port, protocol), in the order of creation. */
export interface VirtualServices {
  readonly count: number;
  readonly address: Int32Array;
  readonly port: Int32Array;
  readonly servicePort: Uint32Array;
  /** 1 = only endpoints of this node are servers. */
  readonly localOnly: Uint8Array;
  /** Servers of all virtual services together. */
  readonly destinations: number;
}

/**
 * Lists virtual services: cluster IP, external addresses, then every node address with the NodePort
 * (pkg/proxy/ipvs/proxier.go syncProxyRules), service-port by service-port in the given order.
 * `nodes`: addresses at which NodePorts answer.
 */
export function listVirtualServices(
  cluster: Cluster,
  order: Uint32Array,
  nodes: readonly number[] = cluster.network.nodeAddresses,
): VirtualServices {
  let count = 0;
  for (let p = 0; p < cluster.servicePorts; p++) {
    const s = cluster.service[p]!;
    count += 1 + cluster.externalStart[s + 1]! - cluster.externalStart[s]!;
    if (cluster.nodePort[p] !== 0) count += nodes.length;
  }
  const address = new Int32Array(count);
  const port = new Int32Array(count);
  const servicePort = new Uint32Array(count);
  const localOnly = new Uint8Array(count);
  let destinations = 0;
  let row = 0;
  const add = (vip: number, vport: number, p: number, local: boolean, servers: number): void => {
    address[row] = vip;
    port[row] = vport;
    servicePort[row] = p;
    localOnly[row] = Number(local);
    destinations += servers;
    row++;
  };
  for (const p of order) {
    const s = cluster.service[p]!;
    const all = countServing(cluster, p, servesPolicyCluster);
    const local = countServing(cluster, p, servesPolicyLocal);
    // syncEndpoint: a Local policy without any local endpoint falls back to all of them (kubernetes PR 97081).
    const internalLocal = cluster.internalLocal[s] === 1 && local > 0;
    const externalLocal = cluster.externalLocal[s] === 1 && local > 0;
    add(cluster.clusterIp[s]!, cluster.port[p]!, p, internalLocal, internalLocal ? local : all);
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      add(cluster.externalAddress[x]!, cluster.port[p]!, p, externalLocal, externalLocal ? local : all);
    }
    if (cluster.nodePort[p] === 0) continue;
    for (const node of nodes) {
      add(node, cluster.nodePort[p]!, p, externalLocal, externalLocal ? local : all);
    }
  }
  return { count, address, port, servicePort, localOnly, destinations };
}

/** Whether an endpoint is a server of a virtual service. */
export function isServer({ localOnly }: VirtualServices, row: number, cluster: Cluster, e: number): boolean {
  return (localOnly[row] === 1 ? servesPolicyLocal : servesPolicyCluster)(cluster.endpointLocal[e]!);
}

function countServing(cluster: Cluster, servicePort: number, serves: (local: number) => boolean): number {
  let count = 0;
  for (let e = cluster.endpointStart[servicePort]!; e < cluster.endpointStart[servicePort + 1]!; e++) {
    count += Number(serves(cluster.endpointLocal[e]!));
  }
  return count;
}

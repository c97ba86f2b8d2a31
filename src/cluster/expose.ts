/** Services that clients outside the cluster reach: for what only these clients meet. */

import { FreeAddresses } from "./allocate.js";
import { type Cluster, INGRESS_IP, isIngressIp, LOAD_BALANCER } from "./cluster.js";
import { LOAD_BALANCER_CIDR } from "./network.js";

/**
 * The same cluster, in which every Service has a load balancer's address. Those that have none get one, and no NodePort
 * (`allocateLoadBalancerNodePorts: false`), of which there are 2,768. Their cluster IPs, ports and endpoints stay.
 *
 * @throws InvalidClusterError where the range of such addresses is too small.
 */
export function exposeServices(cluster: Cluster): Cluster {
  const { services, externalStart, externalAddress, externalKind } = cluster;
  const free = new FreeAddresses({
    range: LOAD_BALANCER_CIDR,
    network: cluster.network,
    taken: [...cluster.network.nodeAddresses, ...cluster.clusterIp, ...externalAddress],
    what: "load-balancer addresses",
  });
  const start = new Uint32Array(services + 1);
  const addresses: number[] = [];
  const kinds: number[] = [];
  const serviceType = Uint8Array.from(cluster.serviceType);
  for (let s = 0; s < services; s++) {
    for (let x = externalStart[s]!; x < externalStart[s + 1]!; x++) {
      addresses.push(externalAddress[x]!);
      kinds.push(externalKind[x]!);
    }
    if (!kinds.slice(start[s]!).some(isIngressIp)) {
      addresses.push(free.next());
      kinds.push(INGRESS_IP);
      serviceType[s] = LOAD_BALANCER;
    }
    start[s + 1] = addresses.length;
  }
  return {
    ...cluster,
    serviceType,
    externalStart: start,
    externalAddress: Uint32Array.from(addresses),
    externalKind: Uint8Array.from(kinds),
  };
}

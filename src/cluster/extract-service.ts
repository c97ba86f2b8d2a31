/** One service cut out of a cluster: what a control plane that writes differences has to look at. */

import type { Change } from "./change.js";
import type { Cluster } from "./cluster.js";

/** A cluster of this service alone, in the same network. Time and memory: O(its endpoints). */
export function extractService(cluster: Cluster, service: number): Cluster {
  const [firstPort, endPort] = range(cluster.portStart, service);
  const [firstExternal, endExternal] = range(cluster.externalStart, service);
  const [firstRange, endRange] = range(cluster.rangeStart, service);
  const firstEndpoint = cluster.endpointStart[firstPort]!;
  const endEndpoint = cluster.endpointStart[endPort]!;
  return {
    source: cluster.source,
    services: 1,
    clusterIp: cluster.clusterIp.slice(service, service + 1),
    serviceType: cluster.serviceType.slice(service, service + 1),
    affinitySeconds: cluster.affinitySeconds.slice(service, service + 1),
    internalLocal: cluster.internalLocal.slice(service, service + 1),
    externalLocal: cluster.externalLocal.slice(service, service + 1),
    healthCheckNodePort: cluster.healthCheckNodePort.slice(service, service + 1),
    portStart: starts(cluster.portStart, service, service + 1),
    externalStart: starts(cluster.externalStart, service, service + 1),
    externalAddress: cluster.externalAddress.slice(firstExternal, endExternal),
    externalKind: cluster.externalKind.slice(firstExternal, endExternal),
    rangeStart: starts(cluster.rangeStart, service, service + 1),
    rangeBase: cluster.rangeBase.slice(firstRange, endRange),
    rangePrefixLength: cluster.rangePrefixLength.slice(firstRange, endRange),
    servicePorts: endPort - firstPort,
    service: new Uint32Array(endPort - firstPort),
    protocol: cluster.protocol.slice(firstPort, endPort),
    port: cluster.port.slice(firstPort, endPort),
    nodePort: cluster.nodePort.slice(firstPort, endPort),
    endpointStart: starts(cluster.endpointStart, firstPort, endPort),
    endpoints: endEndpoint - firstEndpoint,
    endpointAddress: cluster.endpointAddress.slice(firstEndpoint, endEndpoint),
    endpointPort: cluster.endpointPort.slice(firstEndpoint, endEndpoint),
    endpointLocal: cluster.endpointLocal.slice(firstEndpoint, endEndpoint),
    idleEndpoints: 0,
    network: cluster.network,
    serviceName: () => cluster.serviceName(service),
    portName: (p) => cluster.portName(firstPort + p),
  };
}

/** The same change in the rows of `extractService` of the service it changes. */
export function rebaseChange(cluster: Cluster, change: Change): Change {
  const firstPort = cluster.portStart[cluster.service[change.servicePort]!]!;
  const servicePort = change.servicePort - firstPort;
  if (change.kind !== "leave") return { ...change, servicePort };
  return { ...change, servicePort, endpoint: change.endpoint - cluster.endpointStart[firstPort]! };
}

function range(start: Uint32Array, owner: number): [number, number] {
  return [start[owner]!, start[owner + 1]!];
}

function starts(start: Uint32Array, from: number, to: number): Uint32Array {
  const first = start[from]!;
  return start.slice(from, to + 1).map((row) => row - first);
}

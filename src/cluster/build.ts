/** Builds a cluster's columns from service records, for importers and tests (the generator writes columns itself). */

import {
  type Cidr,
  CLUSTER_IP,
  type Cluster,
  type ClusterSource,
  EXTERNAL_AND_INGRESS_IP,
  EXTERNAL_IP,
  INGRESS_IP,
  LOCAL,
  LOCAL_POLICY_ONLY,
  type Network,
  REMOTE,
} from "./cluster.js";

/** One endpoint of one service-port. */
export interface EndpointRecord {
  readonly address: number;
  readonly port: number;
  readonly local?: boolean;
  /** One of this node that serves policy Local only: see LOCAL_POLICY_ONLY. */
  readonly localPolicyOnly?: boolean;
}

/** One service-port of a service. */
export interface PortRecord {
  readonly name?: string;
  readonly protocol: number;
  readonly port: number;
  readonly nodePort?: number;
  readonly endpoints: readonly EndpointRecord[];
  /** How many more it has that no policy uses: see `Cluster.idleEndpoints`. */
  readonly idleEndpoints?: number;
}

/** One service with its ports: what `buildCluster` takes. */
export interface ServiceRecord {
  /** `namespace/name`. */
  readonly name: string;
  readonly clusterIp: number;
  readonly type?: number;
  readonly affinitySeconds?: number;
  readonly internalLocal?: boolean;
  readonly externalLocal?: boolean;
  readonly healthCheckNodePort?: number;
  readonly externalIps?: readonly number[];
  readonly ingressIps?: readonly number[];
  readonly sourceRanges?: readonly Cidr[];
  readonly ports: readonly PortRecord[];
}

/**
 * Turns records into columns, keeping their order. Checks nothing: whoever reads from outside validates first.
 *
 * @param records Services with their ports and endpoints.
 * @param network Address ranges of the cluster, and the node's own addresses.
 * @param source Where the records come from; stored in cluster files and results.
 * @returns The cluster, as columns.
 * @example
 * ```ts
 * import { buildCluster } from "lbscale";
 *
 * // 10.96.0.10:80 in TCP, with one endpoint at 10.0.0.5:8080.
 * const port = { protocol: 6, port: 80, endpoints: [{ address: 0x0a000005, port: 8080 }] };
 * const cluster = buildCluster(
 *   [{ name: "default/web", clusterIp: 0x0a60000a, ports: [port] }],
 *   {
 *     serviceCidr: { base: 0x0a600000, prefixLength: 16 },
 *     podCidr: { base: 0x0a000000, prefixLength: 12 },
 *     clientCidr: { base: 0x0a0f0000, prefixLength: 16 },
 *     nodeAddresses: [0xc0a80001],
 *   },
 *   { kind: "imported", format: "my own", parameters: {} },
 * );
 * console.log(cluster.serviceName(0), cluster.services);
 * ```
 */
export function buildCluster(
  records: readonly ServiceRecord[],
  network: Network,
  source: ClusterSource,
): Cluster {
  const ports = records.flatMap((record, service) => record.ports.map((port) => ({ port, service })));
  const endpoints = ports.flatMap(({ port }) => port.endpoints);
  const externalsOfEach = records.map(externalsOf);
  const externals = externalsOfEach.flat();
  const ranges = records.flatMap((record) => record.sourceRanges ?? []);
  return {
    source,
    services: records.length,
    clusterIp: Uint32Array.from(records, (record) => record.clusterIp),
    serviceType: Uint8Array.from(records, (record) => record.type ?? CLUSTER_IP),
    affinitySeconds: Uint32Array.from(records, (record) => record.affinitySeconds ?? 0),
    internalLocal: Uint8Array.from(records, (record) => Number(record.internalLocal ?? false)),
    externalLocal: Uint8Array.from(records, (record) => Number(record.externalLocal ?? false)),
    healthCheckNodePort: Uint16Array.from(records, (record) => record.healthCheckNodePort ?? 0),
    portStart: starts(records.map((record) => record.ports.length)),
    externalStart: starts(externalsOfEach.map((each) => each.length)),
    externalAddress: Uint32Array.from(externals, (external) => external.address),
    externalKind: Uint8Array.from(externals, (external) => external.kind),
    rangeStart: starts(records.map((record) => record.sourceRanges?.length ?? 0)),
    rangeBase: Uint32Array.from(ranges, (range) => range.base),
    rangePrefixLength: Uint8Array.from(ranges, (range) => range.prefixLength),
    servicePorts: ports.length,
    service: Uint32Array.from(ports, ({ service }) => service),
    protocol: Uint8Array.from(ports, ({ port }) => port.protocol),
    port: Uint16Array.from(ports, ({ port }) => port.port),
    nodePort: Uint16Array.from(ports, ({ port }) => port.nodePort ?? 0),
    endpointStart: starts(ports.map(({ port }) => port.endpoints.length)),
    endpoints: endpoints.length,
    endpointAddress: Uint32Array.from(endpoints, (endpoint) => endpoint.address),
    endpointPort: Uint16Array.from(endpoints, (endpoint) => endpoint.port),
    endpointLocal: Uint8Array.from(endpoints, localOf),
    idleEndpoints: ports.reduce((sum, { port }) => sum + (port.idleEndpoints ?? 0), 0),
    network,
    serviceName: (service) => records[service]!.name,
    portName: (servicePort) => ports[servicePort]!.port.name ?? "",
  };
}

/** A service's external addresses, each once. */
function externalsOf({ externalIps = [], ingressIps = [] }: ServiceRecord) {
  const ingress = new Set(ingressIps);
  const external = new Set(externalIps);
  return [
    ...externalIps.map((address) => ({
      address,
      kind: ingress.has(address) ? EXTERNAL_AND_INGRESS_IP : EXTERNAL_IP,
    })),
    ...ingressIps
      .filter((address) => !external.has(address))
      .map((address) => ({ address, kind: INGRESS_IP })),
  ];
}

function localOf({ local = false, localPolicyOnly = false }: EndpointRecord): number {
  return localPolicyOnly ? LOCAL_POLICY_ONLY : local ? LOCAL : REMOTE;
}

/** Running sums: where each owner's rows begin, and one entry more for the end. */
function starts(counts: readonly number[]): Uint32Array {
  const result = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) result[i + 1] = result[i]! + counts[i]!;
  return result;
}

/** Services as records. What a manifest leaves to the cluster (addresses, NodePorts) is made up, and counted. */

import { FreeAddresses, FreeNodePorts } from "../cluster/allocate.js";
import type { PortRecord, ServiceRecord } from "../cluster/build.js";
import { oneLine } from "../cluster/checks.js";
import { type Cidr, CLUSTER_IP, LOAD_BALANCER, NODE_PORT, SCTP, TCP, UDP } from "../cluster/cluster.js";
import { LOAD_BALANCER_CIDR } from "../cluster/network.js";
import { InvalidInputError } from "../errors.js";
import type { EndpointSource } from "./endpoints.js";
import { type AddressReader, clusterIpsOf } from "./network/addresses.js";
import type { Service, ServicePort } from "./schema.js";

/** How many addresses and ports the manifest left open. */
export interface Synthesized {
  clusterIps: number;
  loadBalancerIps: number;
  nodePorts: number;
}

/** Entries of load balancers' status that kube-proxy writes no rule for, by the reason. */
export interface Unaddressed {
  hostNames: number;
  proxied: number;
}

const PROTOCOLS = { TCP, UDP, SCTP } as const;
const TYPES = { ClusterIP: CLUSTER_IP, NodePort: NODE_PORT, LoadBalancer: LOAD_BALANCER } as const;
/** The API server's default of `sessionAffinityConfig.clientIP.timeoutSeconds`: three hours. */
const DEFAULT_AFFINITY_SECONDS = 10_800;
/** 27 times the pods of the largest cluster that Kubernetes supports (150,000): the bound on hostile input. */
const MAX_ENDPOINTS = 4_000_000;

/** kube-proxy and its replacements leave Services with this label to whom it names (KEP-2447). */
export const OTHER_PROXY_LABEL = "service.kubernetes.io/service-proxy-name";
/** That it is the service, or the slices of one, without a cluster IP. */
export const HEADLESS_LABEL = "service.kubernetes.io/headless";

/** What a service is for the data plane: `balanced`, or why it is not balanced. */
export function classify({
  metadata,
  spec,
}: Service): "balanced" | "headless" | "externalName" | "otherProxy" {
  if (metadata.labels?.[OTHER_PROXY_LABEL] !== undefined) return "otherProxy";
  if (spec.type === "ExternalName") return "externalName";
  return clusterIpsOf(spec).includes("None") ? "headless" : "balanced";
}

/** The families of a service's cluster IPs, the first its own; IPv4 where nothing says. */
export function familiesOfService({ spec }: Service): readonly string[] {
  const given = clusterIpsOf(spec);
  const families = given.length > 0 ? given.map(familyName) : (spec.ipFamilies ?? []);
  return families.length > 0 ? families : ["IPv4"];
}

/** Services with the NodePorts that a manifest leaves to the cluster, which are the same in both families. */
export function withNodePorts(services: readonly Service[]): { services: Service[]; synthesized: number } {
  const free = new FreeNodePorts(
    services.flatMap(({ spec }) => (spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0)),
  );
  let synthesized = 0;
  const given = services.map((service) => {
    if (!wantsNodePorts(service)) return service;
    const ports = (service.spec.ports ?? []).map((port) => {
      if (port.nodePort !== undefined && port.nodePort !== 0) return port;
      const nodePort = free.next();
      if (nodePort === 0) throw problem(service, "spec.ports: no NodePort is left in 30000-32767");
      synthesized++;
      return { ...port, nodePort };
    });
    return { ...service, spec: { ...service.spec, ports } };
  });
  return { services: given, synthesized };
}

/** Turns balanced services into records, in their order. Throws InvalidInputError that names service and field. */
export function recordServices(
  services: readonly Service[],
  source: EndpointSource,
  reader: AddressReader,
): { records: ServiceRecord[]; synthesized: Omit<Synthesized, "nodePorts">; unaddressed: Unaddressed } {
  const synthesized = { clusterIps: 0, loadBalancerIps: 0 };
  const unaddressed = { hostNames: 0, proxied: 0 };
  const given = services.map((service) => ({
    service,
    clusterIp: clusterIpOf(service, reader),
    ...externalsOf(service, reader, unaddressed),
  }));
  const externals = given.flatMap(({ externalIps, ingressIps }) => [...externalIps, ...ingressIps]);
  const freeIps = new FreeAddresses({
    range: reader.services,
    network: reader.network,
    taken: [...given.flatMap(({ clusterIp }) => clusterIp ?? []), ...externals],
    what: "services",
  });
  const freeBalancerIps = new FreeAddresses({
    range: LOAD_BALANCER_CIDR,
    network: reader.network,
    taken: externals,
    what: "load-balancer addresses",
  });
  let endpoints = 0;

  const portRecord = (service: Service, port: ServicePort, index: number): PortRecord => {
    const { nodePort = 0 } = port;
    if (nodePort !== 0 && typeOf(service) === CLUSTER_IP) {
      throw problem(service, `spec.ports[${index}].nodePort: not allowed with type ClusterIP`);
    }
    const found = source.endpointsOf(service, port);
    endpoints += found.used.length;
    if (endpoints > MAX_ENDPOINTS) {
      throw problem(service, `more than ${MAX_ENDPOINTS} endpoints in all: import fewer namespaces`);
    }
    return {
      name: port.name,
      protocol: PROTOCOLS[port.protocol],
      port: port.port,
      nodePort,
      endpoints: found.used,
      idleEndpoints: found.idle,
    };
  };

  const records = given.map(({ service, clusterIp, externalIps, ingressIps }): ServiceRecord => {
    const { metadata, spec } = service;
    const ports = spec.ports ?? [];
    if (ports.length === 0) {
      throw problem(service, "spec.ports is empty: give it a port, or make it headless (clusterIP: None)");
    }
    const type = typeOf(service);
    // A status says what a cluster has: an empty one, that the load balancer has no address yet.
    const wantsBalancerIp =
      type === LOAD_BALANCER && service.status === undefined && familiesOfService(service)[0] === reader.name;
    if (clusterIp === undefined) synthesized.clusterIps++;
    if (wantsBalancerIp) synthesized.loadBalancerIps++;
    return {
      name: `${metadata.namespace}/${metadata.name}`,
      clusterIp: clusterIp ?? freeIps.next(),
      type,
      affinitySeconds: affinitySeconds(spec),
      internalLocal: spec.internalTrafficPolicy === "Local",
      // kubernetes pkg/apis/core/v1/service ExternallyAccessible: for others the field has no meaning.
      externalLocal:
        spec.externalTrafficPolicy === "Local" && (type !== CLUSTER_IP || externalIps.length > 0),
      healthCheckNodePort: type === LOAD_BALANCER ? (spec.healthCheckNodePort ?? 0) : 0,
      externalIps,
      ingressIps: wantsBalancerIp ? [freeBalancerIps.next()] : ingressIps,
      sourceRanges: type === LOAD_BALANCER ? sourceRangesOf(service, reader) : [],
      ports: ports.map((port, index) => portRecord(service, port, index)),
    };
  });
  return { records, synthesized, unaddressed };
}

function problem({ metadata }: Service, what: string): InvalidInputError {
  return new InvalidInputError(`Service ${metadata.namespace}/${metadata.name}: ${what}`);
}

function typeOf({ spec }: Service): number {
  return spec.type === undefined || spec.type === "ExternalName" ? CLUSTER_IP : TYPES[spec.type];
}

function wantsNodePorts(service: Service): boolean {
  const type = typeOf(service);
  return (
    type === NODE_PORT || (type === LOAD_BALANCER && service.spec.allocateLoadBalancerNodePorts !== false)
  );
}

function affinitySeconds({ sessionAffinity, sessionAffinityConfig }: Service["spec"]): number {
  if (sessionAffinity !== "ClientIP") return 0;
  return sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
}

function familyName(address: string): "IPv4" | "IPv6" {
  return address.includes(":") ? "IPv6" : "IPv4";
}

function clusterIpOf(service: Service, reader: AddressReader): number | undefined {
  const given = clusterIpsOf(service.spec).find(reader.isOurs);
  return given === undefined ? undefined : addressOf(service, "spec.clusterIP", given, reader);
}

/**
 * A load balancer that answers by host name, or that proxies (`ipMode: Proxy`, KEP-1860), has no address in
 * the rules: it is counted.
 */
function externalsOf(
  service: Service,
  reader: AddressReader,
  unaddressed: Unaddressed,
): { externalIps: number[]; ingressIps: number[] } {
  const { spec, status } = service;
  const external = (spec.externalIPs ?? []).filter(reader.isOurs);
  const externalIps = new Set(
    external.map((ip, i) => addressOf(service, `spec.externalIPs[${i}]`, ip, reader)),
  );
  const entries = typeOf(service) === LOAD_BALANCER ? (status?.loadBalancer?.ingress ?? []) : [];
  const ingressIps = new Set<number>();
  for (const [i, { ip, ipMode }] of entries.entries()) {
    // A host name has no family: the service's first counts it.
    if (!ip && familiesOfService(service)[0] === reader.name) unaddressed.hostNames++;
    if (!ip || !reader.isOurs(ip)) continue;
    if (ipMode === "Proxy") {
      unaddressed.proxied++;
      continue;
    }
    const address = addressOf(service, `status.loadBalancer.ingress[${i}].ip`, ip, reader);
    ingressIps.add(address);
  }
  return { externalIps: [...externalIps], ingressIps: [...ingressIps] };
}

function sourceRangesOf(service: Service, reader: AddressReader): Cidr[] {
  return (service.spec.loadBalancerSourceRanges ?? []).flatMap((text, i) => {
    if (!reader.isOurs(text)) return [];
    // The API server allows spaces around a range (pkg/apis/core/validation).
    const cidr = reader.range(text.trim());
    if (!cidr) {
      const field = `spec.loadBalancerSourceRanges[${i}]`;
      throw problem(service, `${field}: expected an ${reader.name} range, not "${oneLine(text, 40)}"`);
    }
    return [cidr];
  });
}

function addressOf(service: Service, field: string, text: string, reader: AddressReader): number {
  const address = reader.address(text);
  if (address === undefined) {
    throw problem(service, `${field}: expected an ${reader.name} address, not "${oneLine(text, 40)}"`);
  }
  return address;
}

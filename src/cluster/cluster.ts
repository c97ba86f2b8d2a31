/**
 * A cluster as every plane reads it: columns of numbers, because a million services as objects would not fit.
 *
 * Addresses are unsigned 32-bit integers in host byte order (10.96.0.1 is 0x0a600001). In a cluster of IPv6 they stand for
 * addresses that its plan names (`network.ipv6`, address-plan.ts); family.ts has their text.
 * A column named `xStart` has one entry more than its owner has rows: row r owns the range [xStart[r], xStart[r + 1]).
 */

import type { AddressPlan } from "./address-plan.js";
import type { Cidr } from "./cidr.js";

export type { Cidr } from "./cidr.js";

/** IANA protocol numbers. */
export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;

/** Values of `serviceType`. */
export const CLUSTER_IP = 0;
export const NODE_PORT = 1;
export const LOAD_BALANCER = 2;

/** Values of `externalKind`: one of a Service's `externalIPs`, an ingress address of its load balancer, or both in one. */
export const EXTERNAL_IP = 0;
export const INGRESS_IP = 1;
export const EXTERNAL_AND_INGRESS_IP = 2;

/** Whether an address, by its `externalKind`, is among `externalIPs`. */
export const isExternalIp = (kind: number): boolean => kind !== INGRESS_IP;

/** Whether an address, by its `externalKind`, is a load balancer's. */
export const isIngressIp = (kind: number): boolean => kind !== EXTERNAL_IP;

/**
 * Values of `endpointLocal`: the endpoint runs on another node, on this one, or on this one and serves policy Local only. The
 * last is one that terminates and still serves, to which policy Local falls back while no ready endpoint is here and policy
 * Cluster while none is ready anywhere; or, next to ready ones of this node, one that topology hints keep from policy Cluster
 * (kubernetes pkg/proxy/topology.go, CategorizeEndpoints).
 */
export const REMOTE = 0;
export const LOCAL = 1;
export const LOCAL_POLICY_ONLY = 2;

/** Whether an endpoint, by its `endpointLocal`, is among those of policy Cluster. */
export const servesPolicyCluster = (local: number): boolean => local !== LOCAL_POLICY_ONLY;

/** Whether an endpoint, by its `endpointLocal`, runs on this node: all that do are among those of policy Local. */
export const servesPolicyLocal = (local: number): boolean => local !== REMOTE;

/** Services, service-ports and endpoints in columns. */
export interface Cluster {
  /** How this cluster came to be: recorded in results. Holds no path, host or user name. */
  readonly source: ClusterSource;

  /** Number of services, N. */
  readonly services: number;
  readonly clusterIp: Uint32Array;
  readonly serviceType: Uint8Array;
  /** ClientIP affinity timeout in seconds; 0 = no affinity. */
  readonly affinitySeconds: Uint32Array;
  /** 1 = internalTrafficPolicy Local. */
  readonly internalLocal: Uint8Array;
  /** 1 = externalTrafficPolicy Local. */
  readonly externalLocal: Uint8Array;
  /** Port on which this node answers a load balancer's health checks, under externalTrafficPolicy Local; 0 = none. */
  readonly healthCheckNodePort: Uint16Array;
  /** Service → its service-ports. */
  readonly portStart: Uint32Array;
  /** Service → its external addresses (externalIPs and load-balancer addresses). */
  readonly externalStart: Uint32Array;
  readonly externalAddress: Uint32Array;
  readonly externalKind: Uint8Array;
  /** Service → its loadBalancerSourceRanges; none = open. */
  readonly rangeStart: Uint32Array;
  readonly rangeBase: Uint32Array;
  readonly rangePrefixLength: Uint8Array;

  /** Number of service-ports. */
  readonly servicePorts: number;
  /** Service-port → its service. */
  readonly service: Uint32Array;
  readonly protocol: Uint8Array;
  readonly port: Uint16Array;
  /** 0 = none. */
  readonly nodePort: Uint16Array;
  /** Service-port → its endpoints. */
  readonly endpointStart: Uint32Array;

  /** Number of endpoints over all service-ports. */
  readonly endpoints: number;
  readonly endpointAddress: Uint32Array;
  readonly endpointPort: Uint16Array;
  /** Whether the endpoint runs on this node, and which policies it serves: REMOTE, LOCAL or LOCAL_POLICY_ONLY. */
  readonly endpointLocal: Uint8Array;
  /**
   * Number of endpoints that no policy uses: not ready, terminating next to ready ones, or kept away by hints. kube-proxy has
   * them in its endpointsMap, so they count for its large-cluster mode, and for nothing else.
   */
  readonly idleEndpoints: number;

  /** What is known of the network around: see `Network`. */
  readonly network: Network;

  /**
   * The name of a service.
   *
   * @param service Its row, from 0.
   * @returns `namespace/name`.
   */
  serviceName(service: number): string;
  /**
   * The name of a service-port within its service.
   *
   * @param servicePort Its row, from 0.
   * @returns Such as `https`; empty when unnamed.
   */
  portName(servicePort: number): string;
}

/** The addresses around the services, as kube-proxy's configuration and the node know them. */
export interface Network {
  /** Where cluster IPs are taken from: the range of the cluster's own ServiceCIDR object. */
  readonly serviceCidr: Cidr;
  /** Ranges of further ServiceCIDR objects; absent where there is none. See service-ranges.ts. */
  readonly moreServiceCidrs?: readonly Cidr[];
  /** kube-proxy's `clusterCIDR`: sources inside need no masquerade (the local-traffic detector). */
  readonly podCidr: Cidr;
  /** Clients on this node; reserved, no endpoint lives here. Inside `podCidr`. */
  readonly clientCidr: Cidr;
  /** Addresses of this node; the first is its InternalIP. */
  readonly nodeAddresses: readonly number[];
  /** Which IPv6 addresses the numbers stand for; absent: they are IPv4 addresses. */
  readonly ipv6?: AddressPlan;
}

/** Where a cluster comes from, and with which parameters. */
export type ClusterSource =
  | { readonly kind: "synthetic"; readonly parameters: Readonly<Record<string, unknown>> }
  | {
      readonly kind: "imported";
      readonly format: string;
      /** What the import read, left out and assumed, as lines: an answer rests on it. */
      readonly notes?: readonly string[] | undefined;
      readonly parameters: Readonly<Record<string, unknown>>;
    };

/** Whether an address lies in a range. */
export function inCidr(cidr: Cidr, address: number): boolean {
  return maskTo(address, cidr.prefixLength) === cidr.base;
}

/** The network part of an address. */
export function maskTo(address: number, prefixLength: number): number {
  return prefixLength === 0 ? 0 : (address & (-1 << (32 - prefixLength))) >>> 0;
}

/** Number of addresses in a range. */
export function cidrSize(cidr: Cidr): number {
  return 2 ** (32 - cidr.prefixLength);
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { [TCP]: "tcp", [UDP]: "udp", [SCTP]: "sctp" };

/** Lower-case protocol name as kube-proxy writes it. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES[protocol] ?? String(protocol);
}

/** `namespace/name:port`, the identity that kube-proxy hashes (no `:port` when unnamed). */
export function servicePortName(cluster: Cluster, servicePort: number): string {
  const port = cluster.portName(servicePort);
  const name = cluster.serviceName(cluster.service[servicePort]!);
  return port === "" ? name : `${name}:${port}`;
}

/** Dotted-quad text of an IPv4 address: `addressText` (family.ts) knows both families. */
export function formatAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The number of a dotted-quad address, or undefined for any other text (leading zeros are refused, as kubelet does). */
export function parseAddress(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let address = 0;
  for (const octet of match.slice(1)) {
    if (Number(octet) > 255 || (octet.length > 1 && octet.startsWith("0"))) return undefined;
    address = address * 256 + Number(octet);
  }
  return address;
}

/** `10.96.0.0/12` as a range, or undefined for any other text. Host bits are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const address = match ? parseAddress(match[1]!) : undefined;
  const prefixLength = Number(match?.[2]);
  if (address === undefined || !(prefixLength <= 32)) return undefined;
  return { base: maskTo(address, prefixLength), prefixLength };
}

/** Text of a range. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.base)}/${cidr.prefixLength}`;
}

/** The address plan of synthetic clusters; imported ones keep their own service and pod addresses next to it. */

import { type Network, parseAddress, parseCidr } from "./cluster.js";

/** Endpoints are numbered upwards from the base of the pod range and stay below the clients' part of it. */
export const DEFAULT_NETWORK: Network = {
  serviceCidr: parseCidr("10.96.0.0/12")!,
  podCidr: parseCidr("10.128.0.0/9")!,
  clientCidr: parseCidr("10.255.0.0/16")!,
  nodeAddresses: [parseAddress("172.16.0.1")!],
};

/** Load-balancer addresses: the range that RFC 2544 sets aside for benchmarks. */
export const LOAD_BALANCER_CIDR = parseCidr("198.18.0.0/15")!;

/** Clients outside the cluster: TEST-NET-2 (RFC 5737). */
export const OUTSIDE_CIDR = parseCidr("198.51.100.0/24")!;

/**
 * Clients outside the cluster in timed traces, which need more of them than affinity remembers by chance: the end of the range
 * that carriers share among their customers (RFC 6598).
 */
export const OUTSIDE_CLIENTS_CIDR = parseCidr("100.127.0.0/16")!;

/** kube-apiserver's default NodePort range, 30000-32767. */
export const NODE_PORT_BASE = 30000;
export const NODE_PORT_COUNT = 2768;

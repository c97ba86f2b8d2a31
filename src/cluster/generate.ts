/**
 * Seeded synthetic clusters. The defaults are the clean case for scaling (one TCP port, constant endpoints); the
 * `mixed` shape follows what is known of real clusters (kubernetes/perf-tests load test, scalability thresholds).
 */

import { InvalidClusterError } from "../errors.js";
import { Random } from "../random.js";
import { sequentialAddresses, uniqueRandomAddresses } from "./addresses.js";
import {
  CLUSTER_IP,
  type Cluster,
  INGRESS_IP,
  LOAD_BALANCER,
  type Network,
  NODE_PORT,
  SCTP,
  TCP,
  UDP,
} from "./cluster.js";
import { fillU8, fillU32, runningSums } from "./columns.js";
import { drawEndpointCount, type EndpointDistribution } from "./distribution.js";
import type { Family } from "./family.js";
import { DEFAULT_NETWORK, LOAD_BALANCER_CIDR, NODE_PORT_BASE, NODE_PORT_COUNT } from "./network.js";
import { usualPlan } from "./plan-addresses.js";

/** Settings of `generateCluster`: all but the number of services have defaults. */
export interface GenerateOptions {
  readonly services: number;
  readonly seed: number;
  /** Endpoints of a service. Default: 4 for each. */
  readonly endpoints?: EndpointDistribution;
  /** Share of services without any endpoint. */
  readonly emptyShare?: number;
  /** `clusterIp` (default), `nodePort` for every service, or the `mixed` shares below. */
  readonly types?: "clusterIp" | "nodePort" | "mixed";
  /** `single` (default): one port each; `mixed`: 80 % one, 15 % two, 4 % three, 1 % four. */
  readonly ports?: "single" | "mixed";
  /** `tcp` (default) or `mixed`: 93 % TCP, 6 % UDP, 1 % SCTP. */
  readonly protocols?: "tcp" | "mixed";
  /** Share of services with ClientIP affinity. */
  readonly affinityShare?: number;
  /** Share of services with internalTrafficPolicy Local. */
  readonly internalLocalShare?: number;
  /** Share of NodePort and LoadBalancer services with externalTrafficPolicy Local. */
  readonly externalLocalShare?: number;
  /** Share of LoadBalancer services with source ranges. */
  readonly sourceRangeShare?: number;
  /** Cluster IPs drawn at random (default, as the API server does) or one after another. */
  readonly vips?: "random" | "sequential";
  /** Probability that an endpoint runs on this node. Default: 1 / nodes, at 30 pods per node. */
  readonly localShare?: number;
  /** Family of the addresses: 4 by default. The same Services, numbers and choices in both. */
  readonly family?: Family;
}

/** Shares of the `mixed` shape (dataplane notes: design choices where no public distribution exists). */
export const MIXED: Omit<GenerateOptions, "services" | "seed"> = {
  endpoints: { kind: "perftests" },
  emptyShare: 0.02,
  types: "mixed",
  ports: "mixed",
  protocols: "mixed",
  affinityShare: 0.02,
  internalLocalShare: 0.01,
  externalLocalShare: 0.3,
  sourceRangeShare: 0.2,
};

/** kube-proxy's default `sessionAffinityConfig.clientIP.timeoutSeconds`: three hours. */
const AFFINITY_SECONDS = 10800;
const NODE_PORT_SHARE = 0.06;
const LOAD_BALANCER_SHARE = 0.04;
const PODS_PER_NODE = 30;
const FIRST_PORTS = [80, 443, 8080, 9090];
const FIRST_TARGET_PORT = 8080;

/**
 * Generates a cluster. Same options: same bytes on every machine.
 *
 * @param options Number of services, seed, and what to vary; all but those two have defaults.
 * @returns The cluster.
 * @throws InvalidClusterError when an address range is too small for the services or endpoints.
 * @example
 * ```ts
 * import { generateCluster, planeById } from "lbscale";
 *
 * const cluster = generateCluster({ services: 10_000, seed: 1 });
 * const model = planeById("nftables").compile(cluster).model(1);
 * const { decision, work } = model.explain(
 *   { src: 0x0aff0001, sport: 40000, dst: cluster.clusterIp[7]!, dport: 80, protocol: 6 },
 *   0,
 * );
 * ```
 */
export function generateCluster(options: GenerateOptions): Cluster {
  const { services, seed } = options;
  const draw = (stream: string) => Random.fromSeed(seed, stream);
  const network = options.family === 6 ? { ...DEFAULT_NETWORK, ipv6: usualPlan() } : DEFAULT_NETWORK;

  const clusterIp = takeClusterIps(options, network, draw("vip"));

  const portCount = drawPortCounts(options, draw("ports"));
  const portStart = runningSums(portCount);
  const servicePorts = portStart[services]!;

  const podCount = drawPodCounts(options, draw("endpoints"));
  const endpointStart = new Uint32Array(servicePorts + 1);
  const service = new Uint32Array(servicePorts);
  let pods = 0;
  for (let s = 0; s < services; s++) {
    pods += podCount[s]!;
    for (let p = portStart[s]!; p < portStart[s + 1]!; p++) {
      service[p] = s;
      endpointStart[p + 1] = endpointStart[p]! + podCount[s]!;
    }
  }
  const podAddresses = sequentialAddresses(network.podCidr, pods, "endpoints", network, network.clientCidr);

  const types = drawTypes(options, portCount, draw("types"));
  const { protocol, port } = drawProtocolsAndPorts(options, portStart, servicePorts, draw("protocols"));
  const externals = drawLoadBalancers(options, network, types.serviceType, draw("load-balancers"));
  const endpoints = placeEndpoints(
    options,
    portStart,
    endpointStart,
    podCount,
    podAddresses,
    draw("placement"),
  );
  const affinityRandom = draw("affinity");
  const internalRandom = draw("internal-policy");
  const externalRandom = draw("external-policy");
  const sometimes = (random: Random, share: number | undefined) => (random.unit() < (share ?? 0) ? 1 : 0);

  return {
    source: { kind: "synthetic", parameters: { ...options } },
    services,
    clusterIp,
    ...types,
    affinitySeconds: fillU32(
      services,
      () => sometimes(affinityRandom, options.affinityShare) * AFFINITY_SECONDS,
    ),
    internalLocal: fillU8(services, () => sometimes(internalRandom, options.internalLocalShare)),
    externalLocal: fillU8(services, (s) =>
      types.serviceType[s] === CLUSTER_IP ? 0 : sometimes(externalRandom, options.externalLocalShare),
    ),
    healthCheckNodePort: new Uint16Array(services),
    portStart,
    ...externals,
    servicePorts,
    service,
    protocol,
    port,
    endpointStart,
    ...endpoints,
    network,
    serviceName: (s) => `bench-${Math.floor(s / 1000)}/svc-${s}`,
    portName: (p) => (portCount[service[p]!] === 1 ? "" : `p${port[p]}`),
  };
}

function takeClusterIps(options: GenerateOptions, network: Network, random: Random): Uint32Array {
  const pool = network.serviceCidr;
  return options.vips === "sequential"
    ? sequentialAddresses(pool, options.services, "services", network)
    : uniqueRandomAddresses(pool, options.services, "services", network, random);
}

function drawPortCounts(options: GenerateOptions, random: Random): Uint8Array {
  return fillU8(options.services, () => {
    if (options.ports !== "mixed") return 1;
    const u = random.unit();
    return u < 0.8 ? 1 : u < 0.95 ? 2 : u < 0.99 ? 3 : 4;
  });
}

function drawPodCounts(options: GenerateOptions, random: Random): Uint32Array {
  const distribution = options.endpoints ?? { kind: "constant", count: 4 };
  return fillU32(options.services, () =>
    random.unit() < (options.emptyShare ?? 0) ? 0 : drawEndpointCount(distribution, random),
  );
}

function drawTypes(
  options: GenerateOptions,
  portCount: Uint8Array,
  random: Random,
): Pick<Cluster, "serviceType" | "nodePort"> {
  const { services } = options;
  const servicePorts = portCount.reduce((sum, count) => sum + count, 0);
  const wanted = options.types === "nodePort" ? servicePorts : 0;
  if (wanted > NODE_PORT_COUNT) {
    throw new InvalidClusterError(
      `${wanted} NodePorts do not fit the NodePort range 30000-32767: use at most ${NODE_PORT_COUNT} Services`,
    );
  }
  // The range holds 2768 ports however many services there are, so the share that has one falls with N.
  const exposed = (NODE_PORT_SHARE + LOAD_BALANCER_SHARE) * servicePorts;
  const scale = options.types === "mixed" ? Math.min(1, NODE_PORT_COUNT / (1.1 * exposed || 1)) : 0;
  const free = random.shuffle(Uint16Array.from({ length: NODE_PORT_COUNT }, (_, i) => NODE_PORT_BASE + i));
  let used = 0;
  let at = 0;
  const nodePort = new Uint16Array(servicePorts);
  const serviceType = fillU8(services, (s) => {
    const u = random.unit();
    let type = CLUSTER_IP;
    if (options.types === "nodePort" || u < NODE_PORT_SHARE * scale) type = NODE_PORT;
    else if (u < (NODE_PORT_SHARE + LOAD_BALANCER_SHARE) * scale) type = LOAD_BALANCER;
    if (used + portCount[s]! > NODE_PORT_COUNT) type = CLUSTER_IP;
    for (let p = 0; p < portCount[s]!; p++) nodePort[at++] = type === CLUSTER_IP ? 0 : free[used++]!;
    return type;
  });
  return { serviceType, nodePort };
}

function drawProtocolsAndPorts(
  options: GenerateOptions,
  portStart: Uint32Array,
  servicePorts: number,
  random: Random,
): Pick<Cluster, "protocol" | "port"> {
  const protocol = fillU8(servicePorts, () => {
    if (options.protocols !== "mixed") return TCP;
    const u = random.unit();
    return u < 0.93 ? TCP : u < 0.99 ? UDP : SCTP;
  });
  const port = new Uint16Array(servicePorts);
  for (let s = 0; s < options.services; s++) {
    const first = options.ports === "mixed" ? random.below(FIRST_PORTS.length) : 0;
    for (let p = portStart[s]!; p < portStart[s + 1]!; p++) {
      port[p] = FIRST_PORTS[(first + p - portStart[s]!) % FIRST_PORTS.length]!;
    }
  }
  return { protocol, port };
}

function drawLoadBalancers(
  options: GenerateOptions,
  network: Network,
  serviceType: Uint8Array,
  random: Random,
): Pick<
  Cluster,
  "externalStart" | "externalAddress" | "externalKind" | "rangeStart" | "rangeBase" | "rangePrefixLength"
> {
  const { services } = options;
  const balanced = (s: number) => (serviceType[s] === LOAD_BALANCER ? 1 : 0);
  const externalStart = runningSums(fillU8(services, balanced));
  const count = externalStart[services]!;
  const rangeCount = fillU8(services, (s) =>
    balanced(s) && random.unit() < (options.sourceRangeShare ?? 0) ? 1 + random.below(3) : 0,
  );
  const rangeStart = runningSums(rangeCount);
  const ranges = rangeStart[services]!;
  return {
    externalStart,
    externalAddress: sequentialAddresses(LOAD_BALANCER_CIDR, count, "load balancers", network),
    externalKind: new Uint8Array(count).fill(INGRESS_IP),
    rangeStart,
    // Quarters of TEST-NET-2, where the generated clients from outside live: some are let in, some are not.
    rangeBase: fillU32(ranges, () => (0xc6336400 | (random.below(4) << 6)) >>> 0),
    rangePrefixLength: new Uint8Array(ranges).fill(26),
  };
}

function placeEndpoints(
  options: GenerateOptions,
  portStart: Uint32Array,
  endpointStart: Uint32Array,
  podCount: Uint32Array,
  podAddresses: Uint32Array,
  random: Random,
): Pick<Cluster, "endpoints" | "endpointAddress" | "endpointPort" | "endpointLocal" | "idleEndpoints"> {
  const endpoints = endpointStart[endpointStart.length - 1]!;
  const nodes = Math.max(1, Math.ceil(podAddresses.length / PODS_PER_NODE));
  const localShare = options.localShare ?? 1 / nodes;
  const podLocal = fillU8(podAddresses.length, () => (random.unit() < localShare ? 1 : 0));
  const endpointAddress = new Uint32Array(endpoints);
  const endpointPort = new Uint16Array(endpoints);
  const endpointLocal = new Uint8Array(endpoints);
  let firstPod = 0;
  for (let s = 0; s < podCount.length; s++) {
    const pods = podCount[s]!;
    for (let p = portStart[s]!; p < portStart[s + 1]!; p++) {
      // The pods of a service stand behind each of its ports, at a target port of their own.
      endpointAddress.set(podAddresses.subarray(firstPod, firstPod + pods), endpointStart[p]!);
      endpointLocal.set(podLocal.subarray(firstPod, firstPod + pods), endpointStart[p]!);
      endpointPort.fill(FIRST_TARGET_PORT + p - portStart[s]!, endpointStart[p]!, endpointStart[p + 1]!);
    }
    firstPod += pods;
  }
  return { endpoints, endpointAddress, endpointPort, endpointLocal, idleEndpoints: 0 };
}

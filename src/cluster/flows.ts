/**
 * Flow traces: the packets that arrive, in the order they arrive. Traces know services, never rule positions.
 */

import { InvalidClusterError } from "../errors.js";
import { Random } from "../random.js";
import { type Cidr, type Cluster, cidrSize, inCidr, isIngressIp, TCP } from "./cluster.js";
import { rangeText } from "./family.js";
import { OUTSIDE_CLIENTS_CIDR } from "./network.js";

/** int32 words of one flow in a trace: src, dst, sport << 16 | dport, protocol. 16 bytes, so flows never straddle lines. */
export const FLOW_WORDS = 4;

/** Flows in the order they arrive, packed. */
export interface FlowTrace {
  /** Number of flows. */
  readonly length: number;
  /** FLOW_WORDS int32 words per flow. */
  readonly words: Int32Array;
  /** The service-port each flow is meant for; -1 for a deliberate miss. */
  readonly target: Int32Array;
}

/** One flow of a trace, as an object: for what is not timed. Addresses are int32, as the words hold them. */
export function flowAt(
  words: Int32Array,
  flow: number,
): { src: number; sport: number; dst: number; dport: number; protocol: number } {
  const at = flow * FLOW_WORDS;
  const ports = words[at + 2]!;
  return {
    src: words[at]!,
    sport: ports >>> 16,
    dst: words[at + 1]!,
    dport: ports & 0xffff,
    protocol: words[at + 3]!,
  };
}

/** Where the popular services of Zipf traffic stand in the list of services. */
export const POPULAR = ["random", "first", "last"] as const;
export type Popular = (typeof POPULAR)[number];

/**
 * Where flows enter: pods at cluster addresses; clients outside the cluster at this node's address and the NodePort, or at a
 * load balancer's address.
 */
export const ENTRIES = ["clusterIp", "nodePort", "loadBalancer"] as const;
export type Entry = (typeof ENTRIES)[number];

/** Settings of `generateTrace`. */
export interface TraceOptions {
  readonly flows: number;
  readonly seed: number;
  /**
   * Flows of one timed batch. Each batch draws one flow from each of `batch` equal strata of `order`, shuffled, so that
   * even a batch of ten lookups sees the whole rule list. Absent: simple random draws.
   */
  readonly batch?: number;
  /** Service-ports in the order that decides cost (a rule list's order); absent: cluster order. */
  readonly order?: Uint32Array;
  /** Zipf exponent of service popularity; 0 = uniform (default). */
  readonly zipf?: number;
  /** Where in `order` the popular services of a Zipf trace stand: anywhere (default), or the most popular first or last. */
  readonly popular?: Popular;
  /** Share of flows that no service answers: half to addresses outside, half to wrong ports. Default 0. */
  readonly misses?: number;
  /** Where flows enter, and so from whom they come: `clusterIp` by default. */
  readonly entry?: Entry;
}

/** A port that no service of ours listens on: the discard port, below every generated port. */
const WRONG_PORT = 9;

/**
 * Generates a trace. Same cluster, options and seed: same bytes.
 *
 * @param cluster The cluster whose services the flows enter.
 * @param options Number of flows, seed, share of misses, distribution over services.
 * @returns The flows as columns.
 * @throws RangeError when no service port can be entered.
 * @throws InvalidClusterError where pods have the addresses of the clients outside: planes would take these for pods.
 * @example
 * ```ts
 * import { generateCluster } from "lbscale";
 * import { generateTrace } from "lbscale/run";
 *
 * const cluster = generateCluster({ services: 1000, seed: 1 });
 * const trace = generateTrace(cluster, { flows: 5000, seed: 1, misses: 0.1 });
 * console.log(trace.length); // 5000
 * ```
 */
export function generateTrace(cluster: Cluster, options: TraceOptions): FlowTrace {
  const entry = options.entry ?? "clusterIp";
  const order = enterable(cluster, options.order, entry);
  if (order.length === 0) throw new RangeError(`no service-port can be entered by ${entry}`);

  const from = clientRange(cluster, entry);
  const random = Random.fromSeed(options.seed, "trace");
  const picks = pickTargets(order, options, random);
  const words = new Int32Array(options.flows * FLOW_WORDS);
  const clients = cidrSize(from) - 2;
  const misses = options.misses ?? 0;

  for (let flow = 0; flow < options.flows; flow++) {
    const servicePort = picks[flow]!;
    let dst = addressOf(cluster, cluster.service[servicePort]!, entry);
    let dport = entry === "nodePort" ? cluster.nodePort[servicePort]! : cluster.port[servicePort]!;
    let protocol = cluster.protocol[servicePort]!;
    if (misses > 0 && random.unit() < misses) {
      picks[flow] = -1;
      if (random.nextInt32() & 1) dport = WRONG_PORT;
      else {
        // TEST-NET-3 (RFC 5737): never a service address.
        dst = (0xcb007100 | random.below(256)) >>> 0;
        protocol = TCP;
      }
    }
    const sport = 1024 + random.below(64512);
    const at = flow * FLOW_WORDS;
    words[at] = from.base + 1 + random.below(clients);
    // Before anything is timed: lookups then allocate nothing.
    cluster.network.ipv6?.meet(words[at]);
    words[at + 1] = dst;
    words[at + 2] = (sport << 16) | dport;
    words[at + 3] = protocol;
  }
  return { length: options.flows, words, target: picks };
}

function clientRange({ network }: Cluster, entry: Entry): Cidr {
  const { clientCidr, podCidr } = network;
  if (entry === "clusterIp") return clientCidr;
  if (inCidr(podCidr, OUTSIDE_CLIENTS_CIDR.base) || inCidr(OUTSIDE_CLIENTS_CIDR, podCidr.base)) {
    throw new InvalidClusterError(
      `clients outside the cluster have addresses of ${rangeText(network, OUTSIDE_CLIENTS_CIDR)}, which the pod range ${rangeText(network, podCidr)} holds: give another pod range`,
      ["podRange"],
    );
  }
  return OUTSIDE_CLIENTS_CIDR;
}

function addressOf(cluster: Cluster, service: number, entry: Entry): number {
  if (entry === "clusterIp") return cluster.clusterIp[service]!;
  return entry === "nodePort" ? cluster.network.nodeAddresses[0]! : balancerOf(cluster, service)!;
}

/** A Service's first load-balancer address; undefined where it has none. */
export function balancerOf({ externalStart, externalKind, externalAddress }: Cluster, service: number) {
  for (let x = externalStart[service]!; x < externalStart[service + 1]!; x++) {
    if (isIngressIp(externalKind[x]!)) return externalAddress[x];
  }
  return undefined;
}

/** The service-ports of `order` that a flow can enter. */
function enterable(cluster: Cluster, order: Uint32Array | undefined, entry: Entry): Uint32Array {
  const all = order ?? Uint32Array.from({ length: cluster.servicePorts }, (_, index) => index);
  if (entry === "clusterIp") return all;
  return all.filter((servicePort) =>
    entry === "nodePort"
      ? cluster.nodePort[servicePort] !== 0
      : balancerOf(cluster, cluster.service[servicePort]!) !== undefined,
  );
}

function pickTargets(order: Uint32Array, options: TraceOptions, random: Random): Int32Array {
  if (options.zipf) {
    return zipfTargets(
      ranked(order, options.popular ?? "random", random),
      options.flows,
      options.zipf,
      random,
    );
  }
  const picks = new Int32Array(options.flows);
  const batch = options.batch;
  if (batch === undefined) {
    for (let i = 0; i < picks.length; i++) picks[i] = order[random.below(order.length)]!;
    return picks;
  }
  for (let start = 0; start < picks.length; start += batch) {
    const strata = picks.subarray(start, start + batch);
    for (let j = 0; j < strata.length; j++) {
      strata[j] = order[Math.floor(((j + random.unit()) / strata.length) * order.length)]!;
    }
    random.shuffle(strata);
  }
  return picks;
}

/** Service-ports by popularity, the most popular first. */
function ranked(order: Uint32Array, popular: Popular, random: Random): Uint32Array {
  if (popular === "random") return random.shuffle(Uint32Array.from(order));
  return popular === "first" ? order : order.slice().reverse();
}

/** Popularity rank r has weight 1/r^s. Inverse CDF by binary search. */
function zipfTargets(ranked: Uint32Array, flows: number, exponent: number, random: Random): Int32Array {
  const cumulative = new Float64Array(ranked.length);
  let total = 0;
  for (let rank = 0; rank < ranked.length; rank++) {
    total += (rank + 1) ** -exponent;
    cumulative[rank] = total;
  }
  const picks = new Int32Array(flows);
  for (let i = 0; i < flows; i++) {
    const wanted = random.unit() * total;
    let low = 0;
    let high = ranked.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    picks[i] = ranked[low]!;
  }
  return picks;
}

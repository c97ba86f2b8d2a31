/** Flows that reach every corner of the decision contract: used to verify, never to time. */

import { Random } from "../random.js";
import { type Cidr, type Cluster, cidrSize, TCP } from "./cluster.js";
import { FLOW_WORDS, type FlowTrace } from "./flows.js";
import { OUTSIDE_CIDR } from "./network.js";
import { serviceCidrsOf } from "./service-ranges.js";

const LOOPBACK = 0x7f000001;
const WRONG_PORT = 9;

/**
 * A trace of `flows` seeded flows over all kinds of destinations and sources, hairpins and misses included.
 *
 * @param cluster The cluster to cover.
 * @param flows Number of flows.
 * @param seed Same seed, same flows.
 * @returns A trace to verify planes with.
 * @example
 * ```ts
 * import { generateCluster, generateCoverageFlows } from "lbscale";
 *
 * const trace = generateCoverageFlows(generateCluster({ services: 200, seed: 1 }), 10_000, 1);
 * console.log(trace.length); // 10000
 * ```
 */
export function generateCoverageFlows(cluster: Cluster, flows: number, seed: number): FlowTrace {
  const random = Random.fromSeed(seed, "coverage");
  const words = new Int32Array(flows * FLOW_WORDS);
  const target = new Int32Array(flows);
  const { network } = cluster;
  const node = network.nodeAddresses[0]!;
  const serviceRanges = serviceCidrsOf(network);

  for (let flow = 0; flow < flows; flow++) {
    const p = random.below(cluster.servicePorts);
    const s = cluster.service[p]!;
    let dst = cluster.clusterIp[s]!;
    let dport = cluster.port[p]!;
    let protocol = cluster.protocol[p]!;
    const externals = cluster.externalStart[s + 1]! - cluster.externalStart[s]!;
    const kind = random.below(100);
    if (kind < 30 && externals > 0) {
      dst = cluster.externalAddress[cluster.externalStart[s]! + random.below(externals)]!;
    } else if (kind < 60 && cluster.nodePort[p] !== 0) {
      dst = kind < 57 ? network.nodeAddresses[random.below(network.nodeAddresses.length)]! : LOOPBACK;
      dport = cluster.nodePort[p]!;
    }
    const miss = random.below(100);
    if (miss < 5) dport = WRONG_PORT;
    else if (miss < 8) protocol = protocol === TCP ? 17 : TCP;
    else if (miss < 11) dst = serviceAddress(serviceRanges, random);
    else if (miss < 13) dst = (0xcb007100 | random.below(256)) >>> 0;

    const at = flow * FLOW_WORDS;
    words[at] = source(cluster, p, node, random);
    words[at + 1] = dst;
    words[at + 2] = ((1024 + random.below(64512)) << 16) | dport;
    words[at + 3] = protocol;
    target[flow] = p;
  }
  return { length: flows, words, target };
}

/** An address of a service range, which a Service may have or not. */
function serviceAddress(ranges: readonly Cidr[], random: Random): number {
  // One range draws nothing, so that its flows are the same as before.
  const range = ranges.length === 1 ? ranges[0]! : ranges[random.below(ranges.length)]!;
  const size = cidrSize(range);
  return size < 4 ? range.base + random.below(size) : range.base + 1 + random.below(size - 2);
}

/** A pod on this node, one of the service's own endpoints (hairpin), the node itself, or a client outside. */
function source(cluster: Cluster, p: number, node: number, random: Random): number {
  const first = cluster.endpointStart[p]!;
  const count = cluster.endpointStart[p + 1]! - first;
  const kind = random.below(100);
  if (kind < 15 && count > 0) return cluster.endpointAddress[first + random.below(count)]!;
  if (kind < 35) return OUTSIDE_CIDR.base + 1 + random.below(cidrSize(OUTSIDE_CIDR) - 2);
  if (kind < 42) return node;
  // Few enough clients that affinity meets some of them again.
  const { clientCidr } = cluster.network;
  return clientCidr.base + 1 + random.below(Math.min(1000, cidrSize(clientCidr) - 2));
}

/** Where each service-port stands in a node's own list, and what a new connection to it walks through. */

import type { Cluster } from "../../../cluster/cluster.js";
import type { NodeProgram } from "./node-list.js";
import type { NodeList } from "./saved-rules.js";

/** What a node's own list costs the first packet to one service-port. */
export interface NodeCost {
  readonly servicePort: number;
  /** Place of its rule among all of KUBE-SERVICES, from 1; null where nat has none (no endpoints). */
  readonly position: number | null;
  /** Entries that a pod's first packet to the cluster IP visits in nat, in the mean over the endpoint picked. */
  readonly entries: number;
  /** Entries of the filter table, where nat finds no endpoint: the packet goes on to be refused there. */
  readonly filterEntries: number;
}

/** Where the rule of a service-port's cluster IP stands in the node's KUBE-SERVICES, from 1; null where nat has none. */
export type Positions = (servicePort: number) => number | null;

/** The places in a node's KUBE-SERVICES. */
export function positionsIn(cluster: Cluster, list: NodeList): Positions {
  const positions = new Map<string, number>();
  for (const [i, { dst, protocol, dport, target }] of (
    list.tables.nat.get("KUBE-SERVICES")?.rules ?? []
  ).entries()) {
    if (target === "KUBE-MARK-MASQ" || dst?.prefixLength !== 32) continue;
    const key = `${dst.base} ${protocol} ${dport}`;
    if (!positions.has(key)) positions.set(key, i + 1);
  }
  return (p) =>
    positions.get(`${cluster.clusterIp[cluster.service[p]!]!} ${cluster.protocol[p]!} ${cluster.port[p]!}`) ??
    null;
}

/**
 * The cost of every service-port, in the order of KUBE-SERVICES. Exact counts: rules of others that are passed are in them.
 *
 * @param cluster The cluster that was imported with the list.
 * @param list The node's rules, from `importCluster`.
 * @param program The same rules, from `compileNodeList`.
 * @returns One entry per service port: position, and entries that its first packet visits.
 * @example
 * ```ts
 * import { compileNodeList, EXPORTS, generateCluster, importCluster, nodeCosts } from "lbscale";
 *
 * // Here the text of iptables-save is made up; on a node it is the command's output.
 * const saved = [...EXPORTS.find(({ id }) => id === "iptables")!.write(generateCluster({ services: 20, seed: 1 }))];
 * const { cluster, nodeList } = importCluster(saved.join(""));
 * const costs = nodeCosts(cluster, nodeList!, compileNodeList(cluster, nodeList!));
 * console.log(costs.map(({ position, entries }) => [position, entries]));
 * ```
 */
export function nodeCosts(cluster: Cluster, list: NodeList, program: NodeProgram): NodeCost[] {
  const positionOf = positionsIn(cluster, list);
  const model = program.model(1);
  const client = cluster.network.clientCidr.base + 1;
  const costs: NodeCost[] = [];
  for (let p = 0; p < cluster.servicePorts; p++) {
    const address = cluster.clusterIp[cluster.service[p]!]!;
    const dport = cluster.port[p]!;
    const protocol = cluster.protocol[p]!;
    // A client of its own, or affinity would take later ones to the endpoint of the first.
    model.reset(1);
    const flow = { src: client | 0, sport: 40_000, dst: address | 0, dport, protocol };
    const { decision, work } = model.explain(flow, 0);
    const picked = decision < 0 ? 0 : (decision >>> 1) - cluster.endpointStart[p]! + 1;
    const endpoints = cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!;
    costs.push({
      servicePort: p,
      position: positionOf(p),
      // One entry an endpoint is tried until one is picked, each with the same probability.
      entries: decision < 0 ? work.rulesVisited : work.rulesVisited - picked + (endpoints + 1) / 2,
      filterEntries: work.filterRulesVisited,
    });
  }
  const last = Number.POSITIVE_INFINITY;
  return costs.sort((a, b) => (a.position ?? last) - (b.position ?? last) || a.servicePort - b.servicePort);
}

/** Which documented differences a switch from iptables brings to this cluster: each with a flow that is answered otherwise. */

import { type Cluster, servicePortName, TCP } from "../cluster/cluster.js";
import { socketText } from "../cluster/family.js";
import { OUTSIDE_CIDR } from "../cluster/network.js";
import { freeServiceAddress } from "../cluster/service-ranges.js";
import { BASE_PLANE, differencesOf, expectationOf } from "../planes/contract.js";
import type { Expectation, Masquerade } from "../planes/expectation.js";
import { DROP, type PlaneOptions, REJECT } from "../planes/plane.js";
import { type Situation, Situations } from "../planes/situation.js";

/** An answer that changes, in words. */
export interface ChangedAnswer {
  /** `a client outside`. */
  readonly from: string;
  /** `NodePort 172.16.0.1:30080 (shop/web:http)`. */
  readonly to: string;
  /** What iptables does, and what the plane does. */
  readonly before: string;
  readonly after: string;
  readonly because: string;
}

/** What changes here, and how many documented differences concern nothing that this cluster has. */
export interface ChangedAnswers {
  readonly changes: readonly ChangedAnswer[];
  readonly unconcerned: number;
}

const LOOPBACK = 0x7f000001;
const WRONG_PORT = 9;

/**
 * Asks the contract about every address and port of every kind of service-port, from a pod, the node and outside the cluster.
 * Options that change iptables' rules too change nothing by a switch.
 * @returns Differences in the contract's order, each with the first flow whose answer it changes, if possible alone.
 */
export function changedAnswers(cluster: Cluster, plane: string, options: PlaneOptions): ChangedAnswers {
  const ofBase = differencesOf(BASE_PLANE, options);
  const all = differencesOf(plane, options);
  const own = all.filter(({ name }) => !ofBase.some((shared) => shared.name === name));
  const situations = new Situations(cluster);
  const seen = new Map<string, Omit<ChangedAnswer, "because">>();
  /** Differences that were seen on a flow that no other one concerns: the better examples. */
  const seenAlone = new Set<string>();
  let applied: string[] = [];
  const apply = (name: string): void => {
    applied.push(name);
  };
  for (const { src, dst, dport, protocol } of flowsOf(cluster)) {
    if (seenAlone.size === own.length) break;
    const situation = situations.of(src, dst, dport, protocol);
    const answerOf = (differences: typeof all, onDifference?: typeof apply) =>
      answerText(expectationOf(differences, situation, onDifference), situation);
    applied = [];
    const after = answerOf(all, apply);
    const before = answerOf(ofBase);
    if (before === after) continue;
    // Two may concern one flow: what does not change its answer is not shown by it.
    const causes = own.filter(
      ({ name }) => applied.includes(name) && answerOf(all.filter((each) => each.name !== name)) !== after,
    );
    for (const { name } of causes) {
      if (seen.has(name) && (causes.length > 1 || seenAlone.has(name))) continue;
      const to = placeText(cluster, situation, dport);
      seen.set(name, { from: SOURCES[situation.source], to, before, after });
      if (causes.length === 1) seenAlone.add(name);
    }
  }
  const changes = own.flatMap(({ name, because }) => {
    const shown = seen.get(name);
    return shown ? [{ ...shown, because }] : [];
  });
  return { changes, unconcerned: own.length - changes.length };
}

interface Asked {
  readonly src: number;
  readonly dst: number;
  readonly dport: number;
  readonly protocol: number;
}

function* flowsOf(cluster: Cluster): Iterable<Asked> {
  const { network } = cluster;
  const usual = [network.clientCidr.base + 1, OUTSIDE_CIDR.base + 1, network.nodeAddresses[0]!];
  const kinds = new Set<string>();
  for (let p = 0; p < cluster.servicePorts; p++) {
    const kind = kindOf(cluster, p);
    if (kinds.has(kind)) continue;
    kinds.add(kind);
    const s = cluster.service[p]!;
    const protocol = cluster.protocol[p]!;
    const inRanges = cluster.rangeBase.subarray(cluster.rangeStart[s], cluster.rangeStart[s + 1]);
    for (const src of [...usual, ...inRanges])
      for (const { dst, dport } of placesOf(cluster, p)) yield { src, dst, dport, protocol };
    // Nobody but the node itself reaches its loopback.
    if (cluster.nodePort[p] !== 0)
      yield { src: LOOPBACK, dst: LOOPBACK, dport: cluster.nodePort[p]!, protocol };
  }
  const free = freeServiceAddress(cluster);
  if (free !== undefined) for (const src of usual) yield { src, dst: free, dport: WRONG_PORT, protocol: TCP };
}

/** What the contract can tell of a service-port: one of a kind is enough, but each has source ranges of its own. */
function kindOf(cluster: Cluster, p: number): string {
  const s = cluster.service[p]!;
  const endpoints = cluster.endpointLocal.subarray(cluster.endpointStart[p], cluster.endpointStart[p + 1]);
  return [
    cluster.nodePort[p] !== 0,
    cluster.internalLocal[s],
    cluster.externalLocal[s],
    cluster.externalKind.subarray(cluster.externalStart[s], cluster.externalStart[s + 1]).join(),
    [...new Set(endpoints)].sort().join(),
    cluster.rangeStart[s] === cluster.rangeStart[s + 1] || s,
  ].join(" ");
}

/** Where a service-port answers, and another port of the same addresses. */
function placesOf(cluster: Cluster, p: number): { dst: number; dport: number }[] {
  const s = cluster.service[p]!;
  const nodePort = cluster.nodePort[p]!;
  const addresses = [
    cluster.clusterIp[s]!,
    ...cluster.externalAddress.subarray(cluster.externalStart[s], cluster.externalStart[s + 1]),
  ];
  const nodes = nodePort === 0 ? [] : cluster.network.nodeAddresses;
  return [
    ...addresses.flatMap((dst) => [cluster.port[p]!, WRONG_PORT].map((dport) => ({ dst, dport }))),
    ...nodes.map((dst) => ({ dst, dport: nodePort })),
  ];
}

const SOURCES: Readonly<Record<Situation["source"], string>> = {
  pod: "a pod here",
  node: "the node itself",
  outside: "a client outside",
};

const PLACES: Readonly<Record<Situation["destination"], string>> = {
  "cluster-ip": "cluster IP",
  "cluster-ip-wrong-port": "a cluster IP at another port,",
  external: "external address",
  "external-wrong-port": "an external address at another port,",
  "node-port": "NodePort",
  "loopback-node-port": "NodePort",
  loopback: "loopback",
  unallocated: "a cluster IP that no Service has,",
  elsewhere: "elsewhere,",
};

function placeText(cluster: Cluster, s: Readonly<Situation>, dport: number): string {
  const owner = s.servicePort < 0 ? "" : ` (${servicePortName(cluster, s.servicePort)})`;
  return `${PLACES[s.destination]} ${socketText(cluster.network, s.destinationAddress, dport)}${owner}`;
}

const REWRITES: Readonly<Record<Masquerade, string>> = {
  always: "source rewritten",
  never: "source kept",
  hairpin: "source kept unless a pod reaches itself",
  "hairpin-if-local": "source kept unless a pod of this node reaches itself",
  "hairpin-or-leaving-node": "source kept unless the endpoint is on another node",
};

function answerText(
  { verdict, localOnly, masquerade }: Readonly<Expectation>,
  { count, localCount }: Readonly<Situation>,
): string {
  if (verdict === REJECT) return "refused";
  if (verdict !== "dnat") return verdict === DROP ? "dropped" : "not balanced";
  // What depends on the endpoint's node is nothing new where all are on this one.
  const dependsOnNode = masquerade === "hairpin-if-local" || masquerade === "hairpin-or-leaving-node";
  const rule = dependsOnNode && count === localCount ? "hairpin" : masquerade;
  return `${localOnly && count !== localCount ? "a local endpoint" : "an endpoint"}, ${REWRITES[rule]}`;
}

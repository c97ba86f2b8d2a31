/** Which endpoints of a service-port a node uses (kubernetes pkg/proxy/topology.go, CategorizeEndpoints). */

import type { EndpointRecord } from "../cluster/build.js";
import type { Service } from "./schema.js";

/** An endpoint as its slice has it. */
export interface Candidate {
  readonly record: EndpointRecord;
  readonly isReady: boolean;
  readonly isServingTerminating: boolean;
  /** Nodes and zones that the endpoint is meant for; empty = no hint. */
  readonly forNodes: readonly string[];
  readonly forZones: readonly string[];
}

/** The node whose rules are wanted: undefined where no endpoint tells. */
export interface ThisNode {
  readonly name: string | undefined;
  readonly zone: string | undefined;
}

/** The endpoints of a service-port that this node uses, and the number of the others. */
export interface PortEndpoints {
  readonly used: readonly EndpointRecord[];
  readonly idle: number;
}

/** What hints did: kept to endpoints for this node or its zone; were there and did not count; or there were none. */
export type HintUse = "node" | "zone" | "unused" | "none";

/**
 * The ready ones, as hints have it, or when there are none those that still serve while they terminate, independently for
 * policies Cluster and Local; each once, because slices overlap while the controller moves endpoints between them.
 */
export function chooseEndpoints(
  found: readonly Candidate[],
  spec: Service["spec"],
  here: ThisNode,
): PortEndpoints & { readonly hint: HintUse } {
  const { records: used, hint } = categorize(found, spec, here);
  const idle = used.length === found.length ? 0 : records(found).length - used.length;
  return { used, idle, hint };
}

function categorize(
  found: readonly Candidate[],
  spec: Service["spec"],
  here: ThisNode,
): { records: EndpointRecord[]; hint: HintUse } {
  const ready = found.filter(({ isReady }) => isReady);
  const terminating = found.filter(({ isServingTerminating }) => isServingTerminating);
  if (ready.length === 0) return { records: records(terminating), hint: "none" };
  if (usesLocal(spec) && !ready.some(({ record }) => record.local)) {
    // Policy Local has a list of its own: what terminates here serves it while nothing here is ready.
    const own = terminating
      .filter(({ record }) => record.local)
      .map(({ record }) => ({ ...record, localPolicyOnly: true }));
    const near = isOnlyLocal(spec) ? undefined : hinted(ready, here);
    return {
      records: distinct([...(near?.endpoints ?? ready).map(({ record }) => record), ...own]),
      hint: near?.by ?? (hasHints(ready) ? "unused" : "none"),
    };
  }
  // Hints are for policy Cluster.
  if (isOnlyLocal(spec)) return { records: records(ready), hint: hasHints(ready) ? "unused" : "none" };
  const near = hinted(ready, here);
  if (near === undefined) return { records: records(ready), hint: hasHints(ready) ? "unused" : "none" };
  // Policy Local has no use for hints: those of this node that they leave out serve it alone.
  const left = usesLocal(spec) ? leftOutHere(ready, near.endpoints) : [];
  return { records: distinct([...near.endpoints.map(({ record }) => record), ...left]), hint: near.by };
}

/**
 * Endpoints for this node, where every ready one has a hint for nodes and some are for this one (by default since 1.34,
 * PreferSameTrafficDistribution); else the same for its zone; undefined: hints don't apply.
 */
function hinted(
  ready: readonly Candidate[],
  { name, zone }: ThisNode,
): { by: "node" | "zone"; endpoints: readonly Candidate[] } | undefined {
  const forNode = meantFor(ready, "forNodes", name);
  if (forNode) return { by: "node", endpoints: forNode };
  const forZone = meantFor(ready, "forZones", zone);
  return forZone && { by: "zone", endpoints: forZone };
}

function meantFor(
  ready: readonly Candidate[],
  hint: "forNodes" | "forZones",
  place: string | undefined,
): readonly Candidate[] | undefined {
  if (place === undefined || ready.some((candidate) => candidate[hint].length === 0)) return undefined;
  const near = ready.filter((candidate) => candidate[hint].includes(place));
  return near.length > 0 ? near : undefined;
}

function leftOutHere(ready: readonly Candidate[], near: readonly Candidate[]): EndpointRecord[] {
  const kept = new Set(near);
  return ready
    .filter((candidate) => candidate.record.local && !kept.has(candidate))
    .map(({ record }) => ({ ...record, localPolicyOnly: true }));
}

function hasHints(ready: readonly Candidate[]): boolean {
  return ready.some(({ forNodes, forZones }) => forNodes.length > 0 || forZones.length > 0);
}

function usesLocal(spec: Service["spec"]): boolean {
  return spec.internalTrafficPolicy === "Local" || spec.externalTrafficPolicy === "Local";
}

/** Not even short circuits of external traffic use the endpoints of other nodes (UsesClusterEndpoints). */
function isOnlyLocal({
  internalTrafficPolicy,
  type = "ClusterIP",
  externalIPs = [],
}: Service["spec"]): boolean {
  return internalTrafficPolicy === "Local" && type === "ClusterIP" && externalIPs.length === 0;
}

function records(chosen: readonly Candidate[]): EndpointRecord[] {
  return distinct(chosen.map(({ record }) => record));
}

function distinct(chosen: readonly EndpointRecord[]): EndpointRecord[] {
  const found = new Map<number, EndpointRecord>();
  for (const record of chosen) {
    const key = record.address * 65_536 + record.port;
    if (!found.has(key)) found.set(key, record);
  }
  return [...found.values()];
}

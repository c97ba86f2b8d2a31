/** Endpoints from EndpointSlices, joined as kube-proxy joins them (kubernetes pkg/proxy/endpointslicecache.go, topology.go). */

import { oneLine } from "../cluster/checks.js";
import { parseAddress } from "../cluster/cluster.js";
import { InvalidInputError } from "../errors.js";
import type { EndpointSource } from "./endpoints.js";
import type { EndpointSlice, Endpoints, ServicePort } from "./schema.js";
import { type Candidate, chooseEndpoints, type ThisNode } from "./topology.js";

type SliceEndpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/**
 * Joins the IPv4 slices by their service-name label. `localNode` is the node whose endpoints count as local, `zone` its own
 * where its Node object says that: what endpoints tell otherwise.
 */
export function endpointsFromSlices(
  slices: readonly EndpointSlice[],
  localNode: string | undefined = firstNode(slices),
  zone: string | undefined = undefined,
): EndpointSource {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.["kubernetes.io/service-name"];
    if (slice.addressType !== "IPv4" || service === undefined) continue;
    const name = `${slice.metadata.namespace}/${service}`;
    const siblings = byService.get(name);
    if (siblings) siblings.push(slice);
    else byService.set(name, [slice]);
  }
  const here: ThisNode = { name: localNode, zone: zone ?? zoneOf(slices, localNode) };
  const hints = { node: 0, zone: 0, unused: 0 };
  return {
    origin: "endpointslices",
    here,
    hints,
    endpointsOf: ({ metadata, spec }, port) => {
      const own = byService.get(`${metadata.namespace}/${metadata.name}`) ?? [];
      const { records, hint } = chooseEndpoints(candidates(own, port, localNode), spec, here);
      if (hint !== "none") hints[hint]++;
      return records;
    },
  };
}

/** v1 Endpoints as the slices that mirror them: a slice for each subset, since its ports are those of all its addresses. */
export function slicesOfEndpoints({ metadata, subsets = [] }: Endpoints): EndpointSlice[] {
  return subsets.map(({ addresses = [], notReadyAddresses = [], ports }) => {
    const endpoint = ({ ip, nodeName }: { ip: string; nodeName: string | undefined }, ready: boolean) => ({
      addresses: [ip],
      nodeName,
      zone: undefined,
      hints: undefined,
      conditions: { ready, serving: ready, terminating: false },
    });
    const isIpv4 = ({ ip }: { ip: string }) => !ip.includes(":");
    return {
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
      addressType: "IPv4",
      ports,
      endpoints: [
        ...addresses.filter(isIpv4).map((address) => endpoint(address, true)),
        ...notReadyAddresses.filter(isIpv4).map((address) => endpoint(address, false)),
      ],
    };
  });
}

/** The zone of this node, as its endpoints tell it. */
function zoneOf(slices: readonly EndpointSlice[], localNode: string | undefined): string | undefined {
  if (localNode === undefined) return undefined;
  for (const { endpoints } of slices) {
    for (const { nodeName, zone } of endpoints ?? [])
      if (nodeName === localNode && zone !== undefined) return zone;
  }
  return undefined;
}

/** The first node that an endpoint names stands for "this node". */
function firstNode(slices: readonly EndpointSlice[]): string | undefined {
  for (const { endpoints } of slices) {
    for (const { nodeName } of endpoints ?? []) if (nodeName !== undefined) return nodeName;
  }
  return undefined;
}

function addCandidates(
  found: Candidate[],
  slice: EndpointSlice,
  port: ServicePort,
  localNode: string | undefined,
): void {
  const match = slice.ports?.find(
    ({ name, protocol }) => (name ?? "") === port.name && protocol === port.protocol,
  );
  if (match?.port === undefined) return;
  for (const [i, endpoint] of (slice.endpoints ?? []).entries()) {
    // Consumers read the first address only (EndpointSlice API: the others have no defined meaning).
    const text = endpoint.addresses?.[0];
    if (text === undefined) continue;
    const address = parseAddress(text);
    if (address === undefined) {
      const name = oneLine(`${slice.metadata.namespace}/${slice.metadata.name}`);
      throw new InvalidInputError(
        `EndpointSlice ${name}: endpoints[${i}].addresses[0]: expected an IPv4 address, not "${oneLine(text, 40)}"`,
      );
    }
    const local = localNode !== undefined && endpoint.nodeName === localNode;
    found.push({
      record: { address, port: match.port, local },
      forNodes: namesOf(endpoint.hints?.forNodes),
      forZones: namesOf(endpoint.hints?.forZones),
      ...readiness(endpoint),
    });
  }
}

/**
 * The endpoints of a service-port, each once: slices overlap while the controller moves endpoints. One of this node counts
 * before others, else the first does; kube-proxy takes any (endpointslicecache.go, addEndpoints, in the order of a Go map).
 */
function candidates(
  own: readonly EndpointSlice[],
  port: ServicePort,
  localNode: string | undefined,
): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const slice of own) addCandidates(found, slice, port, localNode);
  const once = new Map<number, Candidate>();
  for (const candidate of found) {
    const { address, port: target, local } = candidate.record;
    const key = address * 65_536 + target;
    if (local || !once.has(key)) once.set(key, candidate);
  }
  return once.size === found.length ? found : [...once.values()];
}

const NO_NAMES: readonly string[] = [];

function namesOf(hints: readonly { name: string }[] | undefined): readonly string[] {
  return hints === undefined ? NO_NAMES : hints.map(({ name }) => name);
}

/** Unknown conditions: ready and serving count as true, terminating as false. */
function readiness({ conditions }: SliceEndpoint): Pick<Candidate, "isReady" | "isServingTerminating"> {
  const { ready = true, serving = true, terminating = false } = conditions ?? {};
  return { isReady: ready, isServingTerminating: serving && terminating };
}

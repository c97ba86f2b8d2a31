/** Endpoints from EndpointSlices, joined as kube-proxy joins them (kubernetes pkg/proxy/endpointslicecache.go, topology.go). */

import { UsageError } from "../../errors.js";
import type { EndpointRecord } from "../build.js";
import { oneLine } from "../checks.js";
import { parseAddress } from "../cluster.js";
import type { EndpointSource } from "./endpoints.js";
import type { EndpointSlice, Endpoints, ServicePort } from "./schema.js";

type SliceEndpoint = NonNullable<EndpointSlice["endpoints"]>[number];

interface Candidate {
  readonly record: EndpointRecord;
  readonly isReady: boolean;
  readonly isServingTerminating: boolean;
  /** Zones that the endpoint is meant for; undefined = no hint. */
  readonly zones: readonly string[] | undefined;
}

/** Joins the IPv4 slices by their service-name label. `localNode` is the node whose endpoints count as local. */
export function endpointsFromSlices(
  slices: readonly EndpointSlice[],
  localNode: string | undefined = firstNode(slices),
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
  const localZone = zoneOf(slices, localNode);
  return {
    origin: "endpointslices",
    endpointsOf: ({ metadata, spec }, port) => {
      const own = byService.get(`${metadata.namespace}/${metadata.name}`) ?? [];
      // Under policy Local the node counts, not the zone.
      const isLocal = spec.internalTrafficPolicy === "Local" || spec.externalTrafficPolicy === "Local";
      return choose(
        own.flatMap((slice) => candidates(slice, port, localNode)),
        isLocal ? undefined : localZone,
      );
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

function candidates(slice: EndpointSlice, port: ServicePort, localNode: string | undefined): Candidate[] {
  const match = slice.ports?.find(
    ({ name, protocol }) => (name ?? "") === port.name && protocol === port.protocol,
  );
  if (match?.port === undefined) return [];
  const found: Candidate[] = [];
  for (const [i, endpoint] of (slice.endpoints ?? []).entries()) {
    // Consumers read the first address only (EndpointSlice API: the others have no defined meaning).
    const text = endpoint.addresses?.[0];
    if (text === undefined) continue;
    const address = parseAddress(text);
    if (address === undefined) {
      const name = oneLine(`${slice.metadata.namespace}/${slice.metadata.name}`);
      throw new UsageError(
        `EndpointSlice ${name}: endpoints[${i}].addresses[0]: expected an IPv4 address, not "${oneLine(text, 40)}"`,
      );
    }
    const local = localNode !== undefined && endpoint.nodeName === localNode;
    const zones = endpoint.hints?.forZones?.map(({ name }) => name);
    found.push({ record: { address, port: match.port, local }, zones, ...readiness(endpoint) });
  }
  return found;
}

/** Unknown conditions: ready and serving count as true, terminating as false. */
function readiness({ conditions }: SliceEndpoint): Pick<Candidate, "isReady" | "isServingTerminating"> {
  const { ready = true, serving = true, terminating = false } = conditions ?? {};
  return { isReady: ready, isServingTerminating: serving && terminating };
}

/**
 * The ready ones, or when there are none those that still serve while they terminate; each once, because slices overlap
 * while the controller moves endpoints between them. Zone hints count only where every ready endpoint has one and some
 * are for this zone (topology.go, topologyModeFromHints).
 */
function choose(found: readonly Candidate[], localZone: string | undefined): EndpointRecord[] {
  const ready = found.filter(({ isReady }) => isReady);
  const chosen =
    ready.length > 0
      ? inZone(ready, localZone)
      : found.filter(({ isServingTerminating }) => isServingTerminating);
  return [...new Map(chosen.map(({ record }) => [record.address * 65_536 + record.port, record])).values()];
}

function inZone(ready: readonly Candidate[], localZone: string | undefined): readonly Candidate[] {
  if (localZone === undefined || ready.some(({ zones }) => (zones ?? []).length === 0)) return ready;
  const near = ready.filter(({ zones }) => zones?.includes(localZone));
  return near.length > 0 ? near : ready;
}

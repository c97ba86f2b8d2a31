/** Endpoints from EndpointSlices, joined as kube-proxy joins them (kubernetes pkg/proxy/endpointslicecache.go, topology.go). */

import { UsageError } from "../../errors.js";
import type { EndpointRecord } from "../build.js";
import { oneLine } from "../checks.js";
import { parseAddress } from "../cluster.js";
import type { EndpointSource } from "./endpoints.js";
import type { EndpointSlice, ServicePort } from "./schema.js";

type SliceEndpoint = NonNullable<EndpointSlice["endpoints"]>[number];

interface Candidate {
  readonly record: EndpointRecord;
  readonly isReady: boolean;
  readonly isServingTerminating: boolean;
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
  return {
    origin: "endpointslices",
    endpointsOf: ({ metadata }, port) => {
      const own = byService.get(`${metadata.namespace}/${metadata.name}`) ?? [];
      return choose(own.flatMap((slice) => candidates(slice, port, localNode)));
    },
  };
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
    found.push({ record: { address, port: match.port, local }, ...readiness(endpoint) });
  }
  return found;
}

/** Unknown conditions: ready and serving count as true, terminating as false. */
function readiness({ conditions }: SliceEndpoint): Omit<Candidate, "record"> {
  const { ready = true, serving = true, terminating = false } = conditions ?? {};
  return { isReady: ready, isServingTerminating: serving && terminating };
}

/**
 * The ready ones, or when there are none those that still serve while they terminate; each once, because slices overlap
 * while the controller moves endpoints between them. Zone hints are left out: a cluster file has no zones.
 */
function choose(found: readonly Candidate[]): EndpointRecord[] {
  const ready = found.filter(({ isReady }) => isReady);
  const chosen = ready.length > 0 ? ready : found.filter(({ isServingTerminating }) => isServingTerminating);
  return [...new Map(chosen.map(({ record }) => [record.address * 65_536 + record.port, record])).values()];
}

/** Endpoints from EndpointSlices, joined as kube-proxy joins them (kubernetes pkg/proxy/endpointslicecache.go, topology.go). */

import { oneLine } from "../cluster/checks.js";
import { InvalidInputError } from "../errors.js";
import type { EndpointSource } from "./endpoints.js";
import { type AddressReader, IPV4 } from "./network/addresses.js";
import type { EndpointSlice, Endpoints, ServicePort } from "./schema.js";
import { HEADLESS_LABEL } from "./services.js";
import { type Candidate, chooseEndpoints, type ThisNode } from "./topology.js";

type SliceEndpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/** What slices do not say of the node and its kube-proxy. */
export interface SliceReading {
  /** The node's zone, where its Node object says it: what endpoints tell otherwise. */
  readonly zone?: string | undefined;
  /**
   * Which endpoint counts of those with one address and port (endpointslicecache.go, addEndpoints). `running`, the default: since
   * 1.36 the last that does not terminate; `first`: up to 1.35 the first, or the last of this node.
   */
  readonly sharedAddress?: "running" | "first" | undefined;
}

/** Joins one family's slices by their service-name label. `localNode` is the node whose endpoints count as local. */
export function endpointsFromSlices(
  slices: readonly EndpointSlice[],
  reader: AddressReader,
  localNode: string | undefined = firstNode(slices),
  { zone, sharedAddress = "running" }: SliceReading = {},
): EndpointSource {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.["kubernetes.io/service-name"];
    if (slice.addressType !== reader.name || service === undefined) continue;
    // Proxies ask for slices without it, whatever their Service is (cmd/kube-proxy/app/server.go; Cilium pkg/k8s/utils).
    if (slice.metadata.labels?.[HEADLESS_LABEL] !== undefined) continue;
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
      const { hint, ...endpoints } = chooseEndpoints(
        candidates(own, port, { localNode, reader, sharedAddress }),
        spec,
        here,
      );
      if (hint !== "none") hints[hint]++;
      return endpoints;
    },
  };
}

/**
 * v1 Endpoints as the slices that mirror them: one for each subset and family, since its ports are those of
 * all its addresses.
 */
export function slicesOfEndpoints(endpoints: Endpoints): EndpointSlice[] {
  return [IPV4, IPV6_TYPE].flatMap((family) => slicesOfFamily(endpoints, family));
}

const IPV6_TYPE: Pick<AddressReader, "name" | "isOurs"> = {
  name: "IPv6",
  isOurs: (text) => text.includes(":"),
};

function slicesOfFamily(
  { metadata, subsets = [] }: Endpoints,
  { name, isOurs }: Pick<AddressReader, "name" | "isOurs">,
): EndpointSlice[] {
  return subsets.map(({ addresses = [], notReadyAddresses = [], ports }) => {
    const endpoint = ({ ip, nodeName }: { ip: string; nodeName: string | undefined }, ready: boolean) => ({
      addresses: [ip],
      nodeName,
      zone: undefined,
      hints: undefined,
      conditions: { ready, serving: ready, terminating: false },
    });
    const isMember = ({ ip }: { ip: string }) => isOurs(ip);
    return {
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
      addressType: name,
      ports,
      endpoints: [
        ...addresses.filter(isMember).map((address) => endpoint(address, true)),
        ...notReadyAddresses.filter(isMember).map((address) => endpoint(address, false)),
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

interface SliceCandidate extends Candidate {
  readonly isTerminating: boolean;
}

function addCandidates(
  found: SliceCandidate[],
  slice: EndpointSlice,
  port: ServicePort,
  { localNode, reader }: { readonly localNode: string | undefined; readonly reader: AddressReader },
): void {
  const match = slice.ports?.find(
    ({ name, protocol }) => (name ?? "") === port.name && protocol === port.protocol,
  );
  if (match?.port === undefined) return;
  for (const [i, endpoint] of (slice.endpoints ?? []).entries()) {
    // Consumers read the first address only (EndpointSlice API: the others have no defined meaning).
    const text = endpoint.addresses?.[0];
    if (text === undefined) continue;
    const address = reader.address(text);
    if (address === undefined) {
      const name = oneLine(`${slice.metadata.namespace}/${slice.metadata.name}`);
      throw new InvalidInputError(
        `EndpointSlice ${name}: endpoints[${i}].addresses[0]: expected an ${reader.name} address, not "${oneLine(text, 40)}"`,
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

interface CandidateOptions extends Pick<Required<SliceReading>, "sharedAddress"> {
  readonly localNode: string | undefined;
  readonly reader: AddressReader;
}

/**
 * The endpoints of a service-port, each once: slices overlap while the controller moves endpoints, and a pod may have the
 * address of one that is still terminating. Within a slice the same one counts as for kube-proxy. It takes the slices in the
 * order of a Go map, so of equals in two of them one of this node counts here, else that of the first slice.
 */
function candidates(
  own: readonly EndpointSlice[],
  port: ServicePort,
  options: CandidateOptions,
): readonly Candidate[] {
  const isOld = options.sharedAddress === "first";
  const all = new Map<number, SliceCandidate>();
  for (const slice of own) {
    const found: SliceCandidate[] = [];
    addCandidates(found, slice, port, options);
    const once = onlyOnce(found, ({ isTerminating, record: { local = false } }) =>
      isOld ? local : !isTerminating,
    );
    for (const [key, candidate] of once) {
      const known = all.get(key);
      if (known === undefined || isPreferred(candidate, known, isOld)) all.set(key, candidate);
    }
  }
  return [...all.values()];
}

/** Of two slices' candidates. */
function isPreferred(candidate: SliceCandidate, known: SliceCandidate, isOld: boolean): boolean {
  const { local = false } = candidate.record;
  if (isOld || candidate.isTerminating === known.isTerminating) return local;
  return known.isTerminating;
}

/** Candidates by address and port: the first of each, or the last that displaces those before. */
function onlyOnce(
  found: readonly SliceCandidate[],
  displaces: (candidate: SliceCandidate) => boolean,
): ReadonlyMap<number, SliceCandidate> {
  const once = new Map<number, SliceCandidate>();
  for (const candidate of found) {
    const { address, port } = candidate.record;
    const key = address * 65_536 + port;
    if (!once.has(key) || displaces(candidate)) once.set(key, candidate);
  }
  return once;
}

const NO_NAMES: readonly string[] = [];

function namesOf(hints: readonly { name: string }[] | undefined): readonly string[] {
  return hints === undefined ? NO_NAMES : hints.map(({ name }) => name);
}

/** Unknown conditions: ready and serving count as true, terminating as false. */
function readiness({ conditions }: SliceEndpoint): Omit<SliceCandidate, "record" | "forNodes" | "forZones"> {
  const { ready = true, serving = true, terminating = false } = conditions ?? {};
  return { isReady: ready, isTerminating: terminating, isServingTerminating: serving && terminating };
}

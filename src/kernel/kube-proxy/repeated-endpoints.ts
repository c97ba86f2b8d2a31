/** Endpoints that several slices of one Service hold, of which kube-proxy takes one by chance. */

import { z } from "zod";
import { canonicalAddress } from "../../cluster/raw-addresses.js";
import { type ApiObject, asEndpointSlice } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, SERVICE } from "../../kubernetes/list-watch/resources.js";
import { SERVICE_LABEL } from "../real-program/plain-objects.js";

const portSchema = z.looseObject({
  name: z.string().nullish(),
  port: z.number().nullish(),
  protocol: z.string().nullish(),
});

/**
 * Objects that kube-proxy always reads alike. It goes through the slices of a Service in the order of a Go map
 * (addEndpoints in pkg/proxy/endpointslicecache.go, 1.34 to 1.37), so an endpoint that is ready in one of them and not in
 * another is either.
 *
 * @returns the objects without such Services and their slices, and the names of these, as `namespace/name`.
 */
export function withoutRepeatedEndpoints(objects: readonly ApiObject[]): {
  readonly objects: readonly ApiObject[];
  readonly leftOut: readonly string[];
} {
  const found = new Map<string, { readonly slice: ApiObject; readonly state: string }>();
  const leftOut = new Set<string>();
  for (const slice of objects) {
    if (slice.kind !== ENDPOINT_SLICE.kind) continue;
    const service = serviceOf(slice);
    for (const [key, state] of endpointsOf(slice)) {
      const before = found.get(`${service} ${key}`);
      if (before === undefined) found.set(`${service} ${key}`, { slice, state });
      // Of those in one slice it always takes the same.
      else if (before.slice !== slice && before.state !== state) leftOut.add(service);
    }
  }
  if (leftOut.size === 0) return { objects, leftOut: [] };
  const isKept = (object: ApiObject): boolean =>
    object.kind === ENDPOINT_SLICE.kind
      ? !leftOut.has(serviceOf(object))
      : object.kind !== SERVICE.kind || !leftOut.has(nameOf(object, object.metadata.name));
  return { objects: objects.filter(isKept), leftOut: [...leftOut].sort() };
}

/** By port and address: all that a slice says of the endpoint. */
function endpointsOf(slice: ApiObject): ReadonlyMap<string, string> {
  const { endpoints, ports } = asEndpointSlice(slice);
  const named = ports.map((port) => portSchema.parse(port));
  return new Map(
    endpoints.flatMap(({ addresses, conditions, nodeName, zone, hints }) =>
      addresses.flatMap((address) =>
        named.map(({ name, port, protocol }): [string, string] => [
          [name ?? "", protocol ?? "TCP", canonicalAddress(address), port].join(" "),
          JSON.stringify([conditions, nodeName, zone, hints]),
        ]),
      ),
    ),
  );
}

const serviceOf = (slice: ApiObject): string => nameOf(slice, slice.metadata.labels?.[SERVICE_LABEL] ?? "");

const nameOf = ({ metadata }: ApiObject, name: string): string =>
  `${metadata.namespace ?? "default"}/${name}`;

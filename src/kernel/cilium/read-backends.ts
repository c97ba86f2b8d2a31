/**
 * The backends of each Service as Cilium's reflector keeps them. Of slices that hold the same address and port, what it read
 * last counts: state, node and names of ports. An address that leaves one of these slices leaves the Service, until another of
 * them changes (`orphans` in pkg/loadbalancer/reflectors/k8s.go, updateBackends in writer/writer.go, 1.20.2). While the endpoint
 * controller moves an address from one slice to another, both hold it.
 */

import { z } from "zod";
import { canonicalAddress } from "../../cluster/raw-addresses.js";
import { type ApiObject, asEndpointSlice, type ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE } from "../../kubernetes/list-watch/resources.js";
import { SERVICE_LABEL } from "../real-program/plain-objects.js";

const portSchema = z.looseObject({
  name: z
    .string()
    .nullish()
    .transform((name) => name ?? ""),
  port: z.number(),
  protocol: z.string().default("TCP"),
});

interface Backend {
  /** Backends with the same one can be in one slice. */
  readonly group: string;
  readonly addressType: string;
  readonly ports: readonly z.infer<typeof portSchema>[];
  readonly endpoint: object;
}

/** By address, port and protocol. */
type Backends = Map<string, Backend>;

/** Follows the changes of EndpointSlices. */
export class ReadBackends {
  readonly #slices = new Map<string, Backends>();
  readonly #services = new Map<string, Backends>();
  /** Services of which slices held the same backend at some time. */
  readonly #repeating = new Set<string>();

  /** Takes changes that come at the same time: what left any of the slices goes before what the others say is added. */
  apply(changes: readonly ObjectChange[]): void {
    const changed = changes
      .filter(({ object }) => object.kind === ENDPOINT_SLICE.kind)
      .map(({ type, object }) => ({
        slice: `${object.metadata.namespace}/${object.metadata.name}`,
        service: serviceOf(object),
        backends: type === "DELETED" ? new Map<string, Backend>() : backendsOf(object),
      }));
    for (const { slice, service, backends } of changed) {
      const kept = this.#services.get(service);
      for (const key of this.#slices.get(slice)?.keys() ?? []) if (!backends.has(key)) kept?.delete(key);
    }
    for (const { slice, service, backends } of changed) {
      const before = this.#slices.get(slice);
      const all = this.#services.get(service) ?? new Map<string, Backend>();
      for (const [key, backend] of backends) {
        if (all.has(key) && !before?.has(key)) this.#repeating.add(service);
        all.set(key, backend);
      }
      this.#services.set(service, all);
      this.#slices.set(slice, backends);
    }
  }

  /** The objects, with slices that say what Cilium has read where those of a Service repeat themselves. */
  objects(objects: readonly ApiObject[]): readonly ApiObject[] {
    if (this.#repeating.size === 0) return objects;
    const others = objects.filter(
      (object) => object.kind !== ENDPOINT_SLICE.kind || !this.#repeating.has(serviceOf(object)),
    );
    const read = [...this.#repeating].flatMap((service) => slicesOf(service, this.#services.get(service)!));
    return [...others, ...read];
  }
}

function backendsOf(object: ApiObject): Backends {
  const { addressType, endpoints, ports } = asEndpointSlice(object);
  const backends: Backends = new Map();
  const byNumber = new Map<string, z.infer<typeof portSchema>[]>();
  for (const one of ports) {
    // A port without a number is all ports, of which Cilium makes no backend.
    const port = portSchema.safeParse(one).data;
    if (port === undefined) continue;
    const key = `${port.port}/${port.protocol}`;
    byNumber.set(key, [...(byNumber.get(key) ?? []), port]);
  }
  for (const endpoint of endpoints) {
    for (const address of endpoint.addresses.map(canonicalAddress)) {
      for (const [number, named] of byNumber) {
        const group = JSON.stringify([addressType, number, named.map(({ name }) => name)]);
        const own = { ...endpoint, addresses: [address] };
        backends.set(`${address} ${number}`, { group, addressType, ports: named, endpoint: own });
      }
    }
  }
  return backends;
}

function slicesOf(service: string, backends: Backends): ApiObject[] {
  const [namespace, name] = service.split("/") as [string, string];
  const groups = new Map<string, Backend[]>();
  for (const backend of backends.values())
    groups.set(backend.group, [...(groups.get(backend.group) ?? []), backend]);
  return [...groups.values()].map((members, i) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: ENDPOINT_SLICE.kind,
    metadata: { namespace, name: `${name}-read-${i}`, labels: { [SERVICE_LABEL]: name } },
    addressType: members[0]!.addressType,
    endpoints: members.map(({ endpoint }) => endpoint),
    ports: members[0]!.ports,
  }));
}

const serviceOf = ({ metadata }: ApiObject): string =>
  `${metadata.namespace ?? "default"}/${metadata.labels?.[SERVICE_LABEL] ?? ""}`;

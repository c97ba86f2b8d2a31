/** Who stands behind a service: from EndpointSlices, or from the workloads that its selector matches. */

import { UsageError } from "../../errors.js";
import type { EndpointRecord } from "../build.js";
import { parseAddress } from "../cluster.js";
import type { EndpointSlice, Service, Workload } from "./schema.js";

type ServicePort = NonNullable<Service["spec"]["ports"]>[number];

/** Gives the endpoints of a service-port. */
export interface EndpointSource {
  readonly name: "EndpointSlices" | "workloads";
  endpointsOf(service: Service, port: ServicePort): EndpointRecord[];
}

/** Joins slices by their service-name label. The node of the first endpoint that names one is taken as "this node". */
export function fromSlices(
  slices: readonly EndpointSlice[],
): EndpointSource & { readonly ipv6Slices: number } {
  const byService = new Map<string, EndpointSlice[]>();
  let ipv6Slices = 0;
  let node: string | undefined;
  for (const slice of slices) {
    if (slice.addressType !== "IPv4") {
      ipv6Slices++;
      continue;
    }
    const name = `${slice.metadata.namespace}/${slice.metadata.labels?.["kubernetes.io/service-name"] ?? ""}`;
    node ??= slice.endpoints?.find((endpoint) => endpoint.nodeName !== undefined)?.nodeName;
    byService.set(name, [...(byService.get(name) ?? []), slice]);
  }
  return {
    name: "EndpointSlices",
    ipv6Slices,
    endpointsOf: (service, port) => {
      const name = `${service.metadata.namespace}/${service.metadata.name}`;
      const found: { record: EndpointRecord; ready: boolean; lasting: boolean }[] = [];
      for (const slice of byService.get(name) ?? []) {
        const match = slice.ports?.find((candidate) => (candidate.name ?? "") === (port.name ?? ""));
        if (match?.port === undefined) continue;
        for (const { addresses, nodeName, conditions } of slice.endpoints ?? []) {
          const address = parseAddress(addresses[0] ?? "");
          if (address === undefined) {
            throw new UsageError(
              `EndpointSlice ${slice.metadata.namespace}/${slice.metadata.name}: endpoints.addresses: no IPv4 address`,
            );
          }
          found.push({
            record: { address, port: match.port, local: node !== undefined && nodeName === node },
            // An absent condition means ready; endpoints that serve while terminating are the last resort.
            ready: conditions?.ready ?? true,
            lasting: (conditions?.serving ?? false) && (conditions?.terminating ?? false),
          });
        }
      }
      const ready = found.filter((endpoint) => endpoint.ready);
      return distinct(
        (ready.length > 0 ? ready : found.filter((endpoint) => endpoint.lasting)).map(({ record }) => record),
      );
    },
  };
}

/** Slices may overlap while the controller moves endpoints between them. */
function distinct(records: readonly EndpointRecord[]): EndpointRecord[] {
  return [...new Map(records.map((record) => [`${record.address}:${record.port}`, record])).values()];
}

/** Endpoints as the workloads would have them: one address for each replica, taken from `nextAddress`. */
export function fromWorkloads(workloads: readonly Workload[], nextAddress: () => number): EndpointSource {
  const addresses = new Map<Workload, number[]>();
  const podsOf = (workload: Workload): number[] => {
    let pods = addresses.get(workload);
    if (!pods) {
      const count = workload.kind === "DaemonSet" ? 1 : (workload.spec.replicas ?? 1);
      pods = Array.from({ length: count }, nextAddress);
      addresses.set(workload, pods);
    }
    return pods;
  };
  return {
    name: "workloads",
    endpointsOf: ({ metadata, spec }, port) =>
      workloads
        .filter(
          (workload) =>
            workload.metadata.namespace === metadata.namespace && selects(spec.selector, workload),
        )
        .flatMap((workload) => {
          const target = targetPort(workload, port);
          return target === undefined ? [] : podsOf(workload).map((address) => ({ address, port: target }));
        }),
  };
}

function selects(selector: Service["spec"]["selector"], workload: Workload): boolean {
  const wanted = Object.entries(selector ?? {});
  const labels = new Map(Object.entries(workload.spec.template.metadata?.labels ?? {}));
  return wanted.length > 0 && wanted.every(([key, value]) => labels.get(key) === value);
}

/** A named target port is looked up in the containers; a workload without that name has no endpoint there. */
function targetPort(workload: Workload, { port, targetPort }: ServicePort): number | undefined {
  if (targetPort === undefined) return port;
  if (typeof targetPort === "number") return targetPort;
  const ports = workload.spec.template.spec?.containers?.flatMap((container) => container.ports ?? []);
  return ports?.find(({ name }) => name === targetPort)?.containerPort;
}

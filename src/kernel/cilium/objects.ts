/** Objects as Cilium reads them, and the cluster of ours that says the same: all endpoints, each in its state. */

import { z } from "zod";
import { type Cluster, protocolName } from "../../cluster/cluster.js";
import { endpointText, familiesOf } from "../../cluster/family.js";
import { canonicalAddress } from "../../cluster/raw-addresses.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, SERVICE } from "../../kubernetes/list-watch/resources.js";
import {
  ACTIVE,
  type EndpointStates,
  MAINTENANCE,
  TERMINATING,
  TERMINATING_NOT_SERVING,
} from "../../planes/ebpf/maps/slots.js";
import { modelFamilies, type NodeSettings } from "../real-program/model-cluster.js";

const conditionsSchema = z.looseObject({
  ready: z.boolean().nullish(),
  serving: z.boolean().nullish(),
  terminating: z.boolean().nullish(),
});
const sliceSchema = z.looseObject({
  metadata: z.looseObject({
    namespace: z.string().default("default"),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        conditions: conditionsSchema.nullish(),
        nodeName: z.string().nullish(),
      }),
    )
    .nullish()
    .transform((endpoints) => endpoints ?? []),
  ports: z
    .array(z.looseObject({ port: z.number().nullish(), protocol: z.string().nullish() }))
    .nullish()
    .transform((ports) => ports ?? []),
});

const rangesSchema = z.looseObject({
  spec: z.looseObject({ loadBalancerSourceRanges: z.array(z.string()).nullish() }),
});

/** One family's part. */
export interface CiliumPart {
  readonly cluster: Cluster;
  readonly states: EndpointStates;
}

export interface CiliumCluster extends CiliumPart {
  /** Both families, or the one that there is: the first is this one. */
  readonly parts: readonly CiliumPart[];
  /** Backends, as `address:port/PROTOCOL`, on whose state Services do not agree. */
  readonly disputed: ReadonlySet<string>;
}

/**
 * The cluster in which every endpoint of the slices is a row. Cilium does not leave out those that kube-proxy leaves out: it
 * gives them other places (convertEndpoints in pkg/loadbalancer/reflectors/conversions.go). It reads no hints by default, and
 * takes an endpoint without a node for one of this node.
 */
export function ciliumCluster(objects: readonly ApiObject[], facts: NodeSettings): CiliumCluster {
  const stateOf = new Map<string, number>();
  const statesOf = new Map<string, Set<number>>();
  const all = objects.map((object) => {
    if (object.kind === SERVICE.kind) return withReadRanges(object);
    if (object.kind !== ENDPOINT_SLICE.kind) return object;
    const slice = sliceSchema.parse(object);
    const service = `${slice.metadata.namespace}/${slice.metadata.labels["kubernetes.io/service-name"]}`;
    for (const { addresses, conditions } of slice.endpoints) {
      const state = stateFrom(conditions ?? {});
      for (const address of addresses) {
        for (const { port, protocol } of slice.ports) {
          const backend = `${hostText(address)}:${port}/${protocol ?? "TCP"}`;
          stateOf.set(`${service} ${backend}`, state);
          statesOf.set(backend, (statesOf.get(backend) ?? new Set()).add(state));
        }
      }
    }
    return { ...object, endpoints: slice.endpoints.map((endpoint) => inUse(endpoint, facts.node)) };
  });
  const partOf = (cluster: Cluster): CiliumPart => ({ cluster, states: statesOfRows(cluster, stateOf) });
  const parts = familiesOf(modelFamilies(all, facts))
    .filter((one) => one !== undefined)
    .map(partOf);
  const disputed = [...statesOf].filter(([, found]) => found.size > 1).map(([backend]) => backend);
  return { ...parts[0]!, parts, disputed: new Set(disputed) };
}

/** A Service without the source ranges that Cilium cannot parse and skips: the API server allows spaces around them. */
function withReadRanges(object: ApiObject): ApiObject {
  const { spec } = rangesSchema.parse(object);
  const ranges = spec.loadBalancerSourceRanges;
  if (!ranges) return object;
  const read = ranges.filter((text) => text === text.trim());
  return { ...object, spec: { ...spec, loadBalancerSourceRanges: read } } as ApiObject;
}

/** An address of a slice as entries have it in front of a port. */
function hostText(address: string): string {
  const text = canonicalAddress(address);
  return text.includes(":") ? `[${text}]` : text;
}

/** `stateOf`: by Service and backend. */
function statesOfRows(cluster: Cluster, stateOf: ReadonlyMap<string, number>): EndpointStates {
  const states = new Uint8Array(cluster.endpoints);
  for (let p = 0; p < cluster.servicePorts; p++) {
    const service = cluster.serviceName(cluster.service[p]!);
    const protocol = protocolName(cluster.protocol[p]!).toUpperCase();
    for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
      states[row] = stateOf.get(`${service} ${endpointText(cluster, row)}/${protocol}`) ?? ACTIVE;
    }
  }
  return states;
}

function stateFrom({ ready, serving, terminating }: z.infer<typeof conditionsSchema>): number {
  if (ready !== false) return ACTIVE;
  if (terminating !== true) return MAINTENANCE;
  // Of old, what did not say whether it serves served if it was ready.
  return serving === true ? TERMINATING : TERMINATING_NOT_SERVING;
}

/** An endpoint that the import takes as ready, whatever its state. */
function inUse(endpoint: z.infer<typeof sliceSchema>["endpoints"][number], node: string): object {
  const { hints: _, ...rest } = endpoint;
  return {
    ...rest,
    nodeName: endpoint.nodeName ?? node,
    conditions: { ready: true, serving: true, terminating: false },
  };
}

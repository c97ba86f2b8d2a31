/** Objects as Cilium reads them, and the cluster of ours that says the same: all endpoints, each in its state. */

import { z } from "zod";
import { type Cluster, formatAddress, protocolName } from "../../cluster/cluster.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE } from "../../kubernetes/list-watch/resources.js";
import {
  ACTIVE,
  type EndpointStates,
  MAINTENANCE,
  TERMINATING,
  TERMINATING_NOT_SERVING,
} from "../../planes/ebpf/maps/slots.js";
import { modelCluster, type NodeFacts } from "../real-program/model-cluster.js";

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

export interface CiliumCluster {
  readonly cluster: Cluster;
  readonly states: EndpointStates;
  /** Backends, as `address:port/PROTOCOL`, on whose state Services do not agree. */
  readonly disputed: ReadonlySet<string>;
}

/**
 * The cluster in which every endpoint of the slices is a row. Cilium does not leave out those that kube-proxy leaves out: it
 * gives them other places (convertEndpoints in pkg/loadbalancer/reflectors/conversions.go). It reads no hints by default, and
 * takes an endpoint without a node for one of this node.
 */
export function ciliumCluster(objects: readonly ApiObject[], facts: NodeFacts): CiliumCluster {
  const stateOf = new Map<string, number>();
  const statesOf = new Map<string, Set<number>>();
  const all = objects.map((object) => {
    if (object.kind !== ENDPOINT_SLICE.kind) return object;
    const slice = sliceSchema.parse(object);
    const service = `${slice.metadata.namespace}/${slice.metadata.labels["kubernetes.io/service-name"]}`;
    for (const { addresses, conditions } of slice.endpoints) {
      const state = stateFrom(conditions ?? {});
      for (const address of addresses) {
        for (const { port, protocol } of slice.ports) {
          const backend = `${address}:${port}/${protocol ?? "TCP"}`;
          stateOf.set(`${service} ${backend}`, state);
          statesOf.set(backend, (statesOf.get(backend) ?? new Set()).add(state));
        }
      }
    }
    return { ...object, endpoints: slice.endpoints.map((endpoint) => inUse(endpoint, facts.node)) };
  });
  const cluster = modelCluster(all, facts);
  const states = new Uint8Array(cluster.endpoints);
  for (let p = 0; p < cluster.servicePorts; p++) {
    const service = cluster.serviceName(cluster.service[p]!);
    const protocol = protocolName(cluster.protocol[p]!).toUpperCase();
    for (let row = cluster.endpointStart[p]!; row < cluster.endpointStart[p + 1]!; row++) {
      const address = formatAddress(cluster.endpointAddress[row]!);
      states[row] = stateOf.get(`${service} ${address}:${cluster.endpointPort[row]}/${protocol}`) ?? ACTIVE;
    }
  }
  const disputed = [...statesOf].filter(([, found]) => found.size > 1).map(([backend]) => backend);
  return { cluster, states, disputed: new Set(disputed) };
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

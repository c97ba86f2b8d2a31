/**
 * Fields that the API server fills in, and that proxies rely on (kubernetes pkg/apis/{core/v1,discovery/v1}/defaults.go), and
 * one that it clears: addresses of a load balancer, where the Service is none (pkg/registry/core/service/strategy.go).
 */

import { ENDPOINT_SLICE, type Resource, SERVICE } from "./resources.js";

type Fields = Readonly<Record<string, unknown>>;

const AFFINITY_SECONDS = 10_800;

/** The object with what it leaves to the API server. */
export function withServerDefaults<T extends Fields>(resource: Resource, object: T): T {
  if (resource === ENDPOINT_SLICE)
    return { ...object, ports: eachOf(object.ports, (port) => ({ name: "", protocol: "TCP", ...port })) };
  if (resource !== SERVICE || !isFields(object.spec)) return object;
  const spec = object.spec;
  const { type = "ClusterIP", sessionAffinity = "None" } = spec;
  if (type === "ExternalName") return object;
  const { status } = object;
  return {
    ...object,
    ...(type !== "LoadBalancer" && isFields(status) && { status: { ...status, loadBalancer: {} } }),
    spec: {
      type,
      sessionAffinity,
      internalTrafficPolicy: "Cluster",
      ...(sessionAffinity === "ClientIP" && {
        sessionAffinityConfig: { clientIP: { timeoutSeconds: AFFINITY_SECONDS } },
      }),
      ...((type === "NodePort" || type === "LoadBalancer") && { externalTrafficPolicy: "Cluster" }),
      ...spec,
      ports: eachOf(spec.ports, (port) => ({ protocol: "TCP", targetPort: port.port, ...port })),
    },
  };
}

/** Changes what is a list of objects; anything else is left as it is. */
function eachOf(list: unknown, change: (fields: Fields) => Fields): unknown {
  return Array.isArray(list) ? list.map((item: unknown) => (isFields(item) ? change(item) : item)) : list;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

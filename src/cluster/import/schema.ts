/** The fields of Kubernetes objects that decide load balancing, checked as the API server would. */

import { z } from "zod";
import { UsageError } from "../../errors.js";
import { PORT_NAME, SERVICE_NAME } from "../json.js";
import type { KubernetesObject } from "./documents.js";

const portNumber = z.number().int().min(1).max(65535);
const labels = z.record(z.string(), z.string());
const metadata = z.object({
  name: z.string(),
  namespace: z.string().default("default"),
  labels: labels.nullish(),
});
/** Absent and null mean the same in what kubectl prints. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);

export const serviceSchema = z.object({
  metadata,
  spec: z.object({
    type: z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]).default("ClusterIP"),
    clusterIP: optional(z.string()),
    clusterIPs: optional(z.array(z.string())),
    ipFamilies: optional(z.array(z.string())),
    selector: optional(labels),
    ports: optional(
      z.array(
        z.object({
          name: optional(z.union([z.literal(""), z.string().regex(PORT_NAME, "no port name of Kubernetes")])),
          protocol: z.enum(["TCP", "UDP", "SCTP"]).default("TCP"),
          port: portNumber,
          targetPort: optional(z.union([portNumber, z.string()])),
          nodePort: optional(z.union([z.literal(0), portNumber])),
        }),
      ),
    ),
    sessionAffinity: optional(z.enum(["None", "ClientIP"])),
    sessionAffinityConfig: optional(
      z.object({
        clientIP: optional(z.object({ timeoutSeconds: optional(z.number().int().min(1).max(86_400)) })),
      }),
    ),
    internalTrafficPolicy: optional(z.enum(["Cluster", "Local"])),
    externalTrafficPolicy: optional(z.enum(["Cluster", "Local"])),
    externalIPs: optional(z.array(z.string())),
    loadBalancerSourceRanges: optional(z.array(z.string())),
    allocateLoadBalancerNodePorts: optional(z.boolean()),
  }),
  status: optional(
    z.object({
      loadBalancer: optional(
        z.object({ ingress: optional(z.array(z.object({ ip: optional(z.string()) }))) }),
      ),
    }),
  ),
});
export type Service = z.infer<typeof serviceSchema>;

export const sliceSchema = z.object({
  metadata,
  addressType: z.string(),
  ports: optional(
    z.array(
      z.object({
        name: optional(z.string()),
        protocol: z.string().default("TCP"),
        port: optional(portNumber),
      }),
    ),
  ),
  endpoints: optional(
    z.array(
      z.object({
        addresses: z.array(z.string()),
        nodeName: optional(z.string()),
        conditions: optional(
          z.object({
            ready: optional(z.boolean()),
            serving: optional(z.boolean()),
            terminating: optional(z.boolean()),
          }),
        ),
      }),
    ),
  ),
});
export type EndpointSlice = z.infer<typeof sliceSchema>;

export const workloadSchema = z.object({
  kind: z.string(),
  metadata,
  spec: z.object({
    replicas: optional(z.number().int().min(0).max(100_000)),
    template: z.object({
      metadata: optional(z.object({ labels: optional(labels) })),
      spec: optional(
        z.object({
          containers: optional(
            z.array(
              z.object({
                ports: optional(z.array(z.object({ name: optional(z.string()), containerPort: portNumber }))),
              }),
            ),
          ),
        }),
      ),
    }),
  }),
});
export type Workload = z.infer<typeof workloadSchema>;

/** Checks an object. Throws UsageError that names the object and the field. */
export function check<T>(schema: z.ZodType<T>, object: KubernetesObject): T {
  const parsed = schema.safeParse(object);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UsageError(`${nameOf(object)}: ${path.join(".") || "the object"}: ${message}`);
}

/** `Service shop/web` of any object, however broken. */
export function nameOf(object: KubernetesObject): string {
  const { name, namespace } = (object.metadata ?? {}) as { name?: unknown; namespace?: unknown };
  return `${object.kind} ${typeof namespace === "string" ? namespace : "default"}/${typeof name === "string" ? name : "?"}`;
}

/** `namespace/name`, refused when it is none that Kubernetes allows: it would end up in rules and reports. */
export function qualifiedName(object: Service): string {
  const name = `${object.metadata.namespace}/${object.metadata.name}`;
  if (!SERVICE_NAME.test(name))
    throw new UsageError(`Service "${name}": metadata.name is no name that Kubernetes allows`);
  return name;
}

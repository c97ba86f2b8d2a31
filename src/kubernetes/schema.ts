/** The fields of Kubernetes objects that decide load balancing, checked as the API server would. */

import { z } from "zod";
import { describeIssue, isDnsLabel, isServiceName, oneLine } from "../cluster/checks.js";
import { InvalidInputError } from "../errors.js";
import type { KubernetesObject } from "./documents.js";

/** API groups of the kinds that are read: other groups have a `Service` too (Knative's). Absent apiVersion: taken as right. */
const GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Service", [""]],
  ["EndpointSlice", ["discovery.k8s.io"]],
  ["Endpoints", [""]],
  ["Node", [""]],
  ["ServiceCIDR", ["networking.k8s.io"]],
  ["Deployment", ["apps", "extensions"]],
  ["StatefulSet", ["apps"]],
  ["DaemonSet", ["apps", "extensions"]],
  ["ReplicaSet", ["apps", "extensions"]],
  ["ReplicationController", [""]],
  ["Job", ["batch"]],
  ["Pod", [""]],
]);

/** Whether an object is of a kind that is read here, in its proper API group. */
export function isOfKind({ kind, apiVersion }: KubernetesObject, wanted: string): boolean {
  if (kind !== wanted) return false;
  if (typeof apiVersion !== "string") return true;
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return GROUPS.get(kind)?.includes(group) ?? false;
}

/** Absent and null mean the same to the API server. */
const optional = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined);

const portNumber = z.number().int().min(1).max(65535);
const labels = z.record(z.string(), z.string());
const protocol = optional(z.enum(["TCP", "UDP", "SCTP"])).transform((given) => given ?? "TCP");
const name = z.string();
const namespace = optional(z.string()).transform((given) => given || "default");
const metadata = z.object({ name, namespace });
const policy = optional(z.enum(["Cluster", "Local"]));

const servicePort = z.object({
  name: optional(
    z.string().refine((text) => text === "" || isDnsLabel(text), "expected a DNS label"),
  ).transform((given) => given ?? ""),
  protocol,
  port: portNumber,
  targetPort: optional(
    z.union([z.number().int().min(0).max(65535), z.string()], {
      error: "expected a port from 1 to 65535, or a port's name",
    }),
  ),
  nodePort: optional(z.number().int().min(0).max(65535)),
});
export type ServicePort = z.infer<typeof servicePort>;

export const serviceSchema = z.object({
  metadata: metadata
    .extend({ labels: optional(labels) })
    .refine(({ name, namespace }) => isServiceName(`${namespace}/${name}`), {
      path: ["name"],
      message: "expected a name and namespace as Kubernetes allows them",
    }),
  spec: z.object({
    type: optional(z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"])),
    clusterIP: optional(z.string()),
    clusterIPs: optional(z.array(z.string())),
    ipFamilies: optional(z.array(z.string())),
    selector: optional(labels),
    ports: optional(z.array(servicePort)),
    sessionAffinity: optional(z.enum(["None", "ClientIP", ""])),
    sessionAffinityConfig: optional(
      z.object({
        clientIP: optional(z.object({ timeoutSeconds: optional(z.number().int().min(1).max(86_400)) })),
      }),
    ),
    internalTrafficPolicy: policy,
    externalTrafficPolicy: policy,
    publishNotReadyAddresses: optional(z.boolean()),
    externalIPs: optional(z.array(z.string())),
    loadBalancerSourceRanges: optional(z.array(z.string())),
    allocateLoadBalancerNodePorts: optional(z.boolean()),
    healthCheckNodePort: optional(z.number().int().min(0).max(65535)),
  }),
  status: optional(
    z.object({
      loadBalancer: optional(
        z.object({
          ingress: optional(z.array(z.object({ ip: optional(z.string()), ipMode: optional(z.string()) }))),
        }),
      ),
    }),
  ),
});
export type Service = z.infer<typeof serviceSchema>;

const hints = optional(z.array(z.object({ name: z.string() })));

export const sliceSchema = z.object({
  metadata: z.object({ name, namespace, labels: optional(labels) }),
  addressType: z.string(),
  ports: optional(z.array(z.object({ name: optional(z.string()), protocol, port: optional(portNumber) }))),
  endpoints: optional(
    z.array(
      z.object({
        addresses: optional(z.array(z.string())),
        nodeName: optional(z.string()),
        zone: optional(z.string()),
        hints: optional(z.object({ forZones: hints, forNodes: hints })),
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

export const nodeSchema = z.object({
  metadata: z.object({ name, labels: optional(labels) }),
  spec: optional(z.object({ podCIDR: optional(z.string()), podCIDRs: optional(z.array(z.string())) })),
  status: optional(
    z.object({ addresses: optional(z.array(z.object({ type: z.string(), address: z.string() }))) }),
  ),
});
export type Node = z.infer<typeof nodeSchema>;

export const serviceCidrSchema = z.object({
  metadata: z.object({ name }),
  spec: z.object({ cidrs: optional(z.array(z.string())) }),
});
export type ServiceCidr = z.infer<typeof serviceCidrSchema>;

const legacyAddresses = optional(z.array(z.object({ ip: z.string(), nodeName: optional(z.string()) })));

/** v1 Endpoints, deprecated since 1.33: subsets of addresses that share their ports. */
export const endpointsSchema = z.object({
  metadata,
  subsets: optional(
    z.array(
      z.object({
        addresses: legacyAddresses,
        notReadyAddresses: legacyAddresses,
        ports: optional(z.array(z.object({ name: optional(z.string()), protocol, port: portNumber }))),
      }),
    ),
  ),
});
export type Endpoints = z.infer<typeof endpointsSchema>;

const containerPort = z.object({ name: optional(z.string()), protocol, containerPort: portNumber });
export type ContainerPort = z.infer<typeof containerPort>;
const podSpec = z.object({
  nodeName: optional(z.string()),
  containers: optional(z.array(z.object({ ports: optional(z.array(containerPort)) }))),
});

export const podSchema = z.object({
  metadata: metadata.extend({ labels: optional(labels), deletionTimestamp: optional(z.string()) }),
  spec: optional(podSpec),
  status: optional(
    z.object({
      phase: optional(z.string()),
      podIP: optional(z.string()),
      podIPs: optional(z.array(z.object({ ip: optional(z.string()) }))),
      conditions: optional(z.array(z.object({ type: z.string(), status: z.string() }))),
    }),
  ),
});
export type Pod = z.infer<typeof podSchema>;

const count = z.number().int().min(0);

export const workloadSchema = z.object({
  kind: z.string(),
  metadata: metadata.extend({ ownerReferences: optional(z.array(z.object({ kind: z.string() }))) }),
  spec: z.object({
    replicas: optional(count.max(100_000)),
    /** Of a Job: pods at once. */
    parallelism: optional(count.max(100_000)),
    /** Of a StatefulSet: where its pods' ordinals begin. */
    ordinals: optional(z.object({ start: optional(count) })),
    template: z.object({
      metadata: optional(z.object({ labels: optional(labels) })),
      spec: optional(podSpec),
    }),
  }),
});
export type Workload = z.infer<typeof workloadSchema>;

/** Reads the known fields of an object. Throws InvalidInputError that names the object and the field. */
export function check<T>(schema: z.ZodType<T>, object: KubernetesObject): T {
  const parsed = schema.safeParse(object);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(`${nameOf(object)}: ${describeIssue(parsed.error)}`);
}

/** `Service shop/web` of any object, however broken. */
function nameOf({ kind, metadata }: KubernetesObject): string {
  const { name, namespace } = (metadata ?? {}) as { name?: unknown; namespace?: unknown };
  const text = (value: unknown, absent: string) => (typeof value === "string" && value ? value : absent);
  return oneLine(`${kind} ${text(namespace, "default")}/${text(name, "(no name)")}`);
}

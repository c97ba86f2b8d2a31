/** What is read of Kubernetes objects: fields that a run needs, and no others. */

import { z } from "zod";
import { FAMILY_NAMES, type Family } from "../cluster/family.js";
import { ClusterFailedError } from "./errors.js";

export const metadata = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

export const anyObject = z.looseObject({});

/** The schema of a list answer of the API server, whose `items` may be null where there are none. */
export function listOf<T>(item: z.ZodType<T>) {
  return z.object({
    items: z
      .array(item)
      .nullish()
      .transform((items) => items ?? []),
  });
}

export const clusterNodeSchema = z.object({
  metadata,
  spec: z.object({
    unschedulable: z.boolean().optional(),
    taints: z
      .array(z.object({ key: z.string(), value: z.string().optional(), effect: z.string() }))
      .optional(),
  }),
  status: z.object({
    capacity: z.record(z.string(), z.string()).optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
    images: z.array(z.object({ names: z.array(z.string()).nullish() })).optional(),
    nodeInfo: z.object({
      architecture: z.string(),
      operatingSystem: z.string(),
      kernelVersion: z.string(),
      osImage: z.string(),
      kubeletVersion: z.string(),
      containerRuntimeVersion: z.string(),
    }),
  }),
});
export type ClusterNode = z.infer<typeof clusterNodeSchema>;

export const clusterIpSchema = z.object({
  metadata,
  spec: z.object({ clusterIP: z.string().optional(), clusterIPs: z.array(z.string()).optional() }),
});

/**
 * A Service's addresses, one of each family in their order.
 *
 * @throws ClusterFailedError where it has fewer.
 */
export function addressesOf(
  { spec }: z.infer<typeof clusterIpSchema>,
  families: readonly Family[],
): readonly string[] {
  const given = spec.clusterIPs ?? [spec.clusterIP];
  return families.map((family, at) => {
    const address = given[at];
    if (address) return address;
    throw new ClusterFailedError(`the API server gives a Service no ${FAMILY_NAMES[family]} address`);
  });
}

export const clusterCidrSchema = z.object({
  metadata: z.object({ deletionTimestamp: z.string().nullish() }).optional(),
  spec: z.object({ cidrs: z.array(z.string()) }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() })
    .optional(),
});

/**
 * Whether the API server gives out addresses of a ServiceCIDR: not while it is being deleted, nor where it is said not to be
 * ready (isReady in pkg/registry/core/service/ipallocator/cidrallocator.go of Kubernetes 1.36).
 */
export function givesAddresses({ metadata, status }: z.infer<typeof clusterCidrSchema>): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return !metadata?.deletionTimestamp && (ready === undefined || ready.status === "True");
}

export const podSchema = z.object({
  metadata,
  spec: z.object({ nodeName: z.string().optional() }),
  status: z.object({
    phase: z.string().optional(),
    podIP: z.string().optional(),
    podIPs: z.array(z.object({ ip: z.string() })).optional(),
    conditions: z
      .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
      .optional(),
    containerStatuses: z
      .array(
        z.object({
          state: z.object({
            waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
          }),
        }),
      )
      .optional(),
  }),
});
export type ClusterPod = z.infer<typeof podSchema>;

export const deploymentSchema = z.object({
  status: z
    .object({
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .optional(),
    })
    .optional(),
});

export const daemonSetSchema = z.object({
  metadata,
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({
            image: z.string().optional(),
            args: z.array(z.string()).optional(),
            command: z.array(z.string()).optional(),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })).optional(),
          }),
        ),
      }),
    }),
  }),
});
export type DaemonSet = z.infer<typeof daemonSetSchema>;

export const configMapSchema = z.object({ metadata, data: z.record(z.string(), z.string()).optional() });

export const quotaSchema = z.object({
  metadata,
  spec: z
    .object({ scopes: z.array(z.string()).optional(), scopeSelector: z.unknown().optional() })
    .optional(),
  status: z.object({
    hard: z.record(z.string(), z.string()).optional(),
    used: z.record(z.string(), z.string()).optional(),
  }),
});

export const accessReviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });
export const versionSchema = z.object({ gitVersion: z.string() });

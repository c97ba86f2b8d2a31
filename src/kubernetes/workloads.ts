/** Endpoints as the workloads of a manifest would have them: for manifests that never met a cluster. */

import { type EndpointSource, NO_ENDPOINTS } from "./endpoints.js";
import type { Service, ServicePort, Workload } from "./schema.js";

/**
 * One pod for each replica, at an address from `nextAddress`; a workload's pods stand behind every service that selects
 * it. A manifest tells of no nodes, so there is one: DaemonSets have one pod, and every pod is local.
 */
export function endpointsFromWorkloads(
  workloads: readonly Workload[],
  nextAddress: () => number,
): EndpointSource {
  const byLabel = indexByLabel(workloads);
  const selected = new Map<Service, Workload[]>();
  const pods = new Map<Workload, number[]>();

  const workloadsOf = (service: Service): Workload[] => {
    let found = selected.get(service);
    if (!found) {
      found = select(service, byLabel);
      selected.set(service, found);
    }
    return found;
  };
  const podsOf = (workload: Workload): number[] => {
    let addresses = pods.get(workload);
    if (!addresses) {
      addresses = Array.from({ length: podCount(workload) }, nextAddress);
      pods.set(workload, addresses);
    }
    return addresses;
  };
  return {
    ...NO_ENDPOINTS,
    origin: "workloads",
    endpointsOf: (service, port) =>
      workloadsOf(service).flatMap((workload) => {
        const target = targetPort(workload, port);
        if (target === undefined) return [];
        return podsOf(workload).map((address) => ({ address, port: target, local: true }));
      }),
  };
}

function podCount({ kind, spec }: Workload): number {
  return kind === "DaemonSet" ? 1 : (spec.replicas ?? 1);
}

function labelsOf({ spec }: Workload): Record<string, string> {
  return spec.template.metadata?.labels ?? {};
}

/** Namespace and one label → workloads, so that ten thousand services don't each look at ten thousand workloads. */
function indexByLabel(workloads: readonly Workload[]): Map<string, Workload[]> {
  const index = new Map<string, Workload[]>();
  for (const workload of workloads) {
    for (const label of Object.entries(labelsOf(workload))) {
      const key = labelKey(workload.metadata.namespace, label);
      const others = index.get(key);
      if (others) others.push(workload);
      else index.set(key, [workload]);
    }
  }
  return index;
}

function labelKey(namespace: string, label: [string, string]): string {
  return JSON.stringify([namespace, ...label]);
}

/** Workloads whose pods carry all labels of the selector. No selector selects nothing (its endpoints are someone else's). */
function select({ metadata, spec }: Service, byLabel: ReadonlyMap<string, Workload[]>): Workload[] {
  const selector = Object.entries(spec.selector ?? {});
  const [shortest = []] = selector
    .map((label) => byLabel.get(labelKey(metadata.namespace, label)) ?? [])
    .sort((a, b) => a.length - b.length);
  return shortest.filter((workload) => {
    const labels = labelsOf(workload);
    return selector.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
  });
}

/** A named target port is looked up in the containers (name and protocol); a pod without it has no endpoint there. */
function targetPort({ spec }: Workload, { port, targetPort, protocol }: ServicePort): number | undefined {
  // The API server's defaulting: absent, 0 and "" all mean the service's own port.
  if (!targetPort) return port;
  if (typeof targetPort === "number") return targetPort;
  const ports = spec.template.spec?.containers?.flatMap((container) => container.ports ?? []);
  return ports?.find((candidate) => candidate.name === targetPort && candidate.protocol === protocol)
    ?.containerPort;
}

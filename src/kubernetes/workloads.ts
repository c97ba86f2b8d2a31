/** Endpoints as the workloads of a manifest would have them: for manifests that never met a cluster. */

import { type EndpointSource, NO_ENDPOINTS } from "./endpoints.js";
import { hasLabels, LabelIndex } from "./label-index.js";
import { portOfContainers } from "./ports.js";
import type { Pod, Service, Workload } from "./schema.js";

/** Labels that the StatefulSet controller gives each pod (kubernetes pkg/controller/statefulset/stateful_set_utils.go). */
const POD_NAME = "statefulset.kubernetes.io/pod-name";
const POD_INDEX = "apps.kubernetes.io/pod-index";

/** A workload's pods that a service selects: all, or those of a StatefulSet that it names. */
interface Selected {
  readonly workload: Workload;
  readonly isWanted: (replica: number) => boolean;
}

/**
 * One pod for each replica, at an address from `nextAddress`; a workload's pods stand behind every service that selects
 * it. A manifest tells of no nodes, so there is one: DaemonSets have one pod, and every pod is local.
 */
export function endpointsFromWorkloads(
  workloads: readonly Workload[],
  nextAddress: () => number,
): EndpointSource {
  const byLabel = new LabelIndex<Workload>();
  const sets = new Map<string, Workload>();
  for (const workload of workloads) {
    byLabel.add(workload.metadata.namespace, labelsOf(workload), workload);
    if (workload.kind === "StatefulSet") sets.set(nameOf(workload), workload);
  }
  const selected = new Map<Service, Selected[]>();
  const pods = new Map<Workload, number[]>();

  const selectedBy = (service: Service): Selected[] => {
    let found = selected.get(service);
    if (!found) {
      found = select(service, byLabel, sets);
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
    endpointsOf: (service, port) => ({
      used: selectedBy(service).flatMap(({ workload, isWanted }) => {
        const target = portOfContainers(workload.spec.template.spec?.containers, port);
        if (target === undefined) return [];
        return podsOf(workload)
          .filter((_address, replica) => isWanted(replica))
          .map((address) => ({ address, port: target, local: true }));
      }),
      idle: 0,
    }),
  };
}

/** A Pod of a manifest, as a workload of one replica. */
export function workloadOfPod({ metadata, spec }: Pod): Workload {
  return {
    kind: "Pod",
    metadata: { ...metadata, ownerReferences: undefined },
    spec: {
      replicas: 1,
      parallelism: undefined,
      ordinals: undefined,
      template: { metadata: { labels: metadata.labels }, spec },
    },
  };
}

function podCount({ kind, spec }: Workload): number {
  if (kind === "DaemonSet") return 1;
  return (kind === "Job" ? spec.parallelism : spec.replicas) ?? 1;
}

function nameOf({ metadata }: Workload): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function labelsOf({ kind, metadata, spec }: Workload): Record<string, string> {
  const labels = spec.template.metadata?.labels ?? {};
  // The Job controller adds its name, under the old key and the new.
  return kind === "Job"
    ? { ...labels, "job-name": metadata.name, "batch.kubernetes.io/job-name": metadata.name }
    : labels;
}

/** Workloads whose pods carry all labels of the selector, and which of a StatefulSet's pods those are. */
function select(
  { metadata, spec }: Service,
  byLabel: LabelIndex<Workload>,
  sets: ReadonlyMap<string, Workload>,
): Selected[] {
  const { [POD_NAME]: podName, [POD_INDEX]: podIndex, ...labels } = spec.selector ?? {};
  if (podName === undefined && podIndex === undefined)
    return byLabel.select(metadata.namespace, labels).map((workload) => ({ workload, isWanted: () => true }));
  // A pod's name is its set's, and its ordinal.
  const dash = podName?.lastIndexOf("-") ?? -1;
  const named =
    podName === undefined ? undefined : sets.get(`${metadata.namespace}/${podName.slice(0, dash)}`);
  const candidates =
    podName === undefined ? byLabel.select(metadata.namespace, labels) : named ? [named] : [];
  return candidates
    .filter((workload) => workload.kind === "StatefulSet" && hasLabels(labelsOf(workload), labels))
    .map((workload) => ({
      workload,
      isWanted: (replica) => {
        const ordinal = String((workload.spec.ordinals?.start ?? 0) + replica);
        return (
          (podName === undefined || podName.slice(dash + 1) === ordinal) &&
          (podIndex === undefined || podIndex === ordinal)
        );
      },
    }));
}

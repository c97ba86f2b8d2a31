/** Endpoints from Pods with addresses (`kubectl get all`), as the endpoints controller joins them with selectors. */

import type { EndpointSource } from "./endpoints.js";
import { LabelIndex } from "./label-index.js";
import type { AddressReader } from "./network/addresses.js";
import { portOfContainers } from "./ports.js";
import type { Pod } from "./schema.js";
import { type Candidate, chooseEndpoints } from "./topology.js";

/** Pods that an endpoint can stand for: their address of the family is known, and they have not ended. */
interface LivePod {
  readonly pod: Pod;
  readonly address: number;
}

/** Whether any of these pods has met a cluster: then they, not the workloads, say which endpoints there are. */
export function hasLivePods(pods: readonly Pod[], reader: AddressReader): boolean {
  return pods.some((pod) => addressOf(pod, reader) !== undefined);
}

/** `localNode` is the node whose pods count as local; by default the first that a pod names. */
export function endpointsFromPods(
  pods: readonly Pod[],
  reader: AddressReader,
  localNode: string | undefined = pods.find(({ spec }) => spec?.nodeName !== undefined)?.spec?.nodeName,
): EndpointSource {
  const index = new LabelIndex<LivePod>();
  for (const pod of pods) {
    const address = addressOf(pod, reader);
    const phase = pod.status?.phase;
    if (address === undefined || phase === "Succeeded" || phase === "Failed") continue;
    index.add(pod.metadata.namespace, pod.metadata.labels ?? {}, { pod, address });
  }
  const here = { name: localNode, zone: undefined };
  return {
    origin: "pods",
    here,
    hints: { node: 0, zone: 0, unused: 0 },
    endpointsOf: ({ metadata, spec }, port) => {
      const found = index
        .select(metadata.namespace, spec.selector ?? {})
        .flatMap(({ pod, address }): Candidate[] => {
          const target = portOfContainers(pod.spec?.containers, port);
          if (target === undefined) return [];
          const serves = spec.publishNotReadyAddresses === true || isReady(pod);
          const isTerminating = pod.metadata.deletionTimestamp !== undefined;
          return [
            {
              record: {
                address,
                port: target,
                local: localNode !== undefined && pod.spec?.nodeName === localNode,
              },
              isReady: serves && !isTerminating,
              isServingTerminating: serves && isTerminating,
              forNodes: [],
              forZones: [],
            },
          ];
        });
      return chooseEndpoints(found, spec, here);
    },
  };
}

function addressOf({ status }: Pod, reader: AddressReader): number | undefined {
  const given = [...(status?.podIPs ?? []).map(({ ip }) => ip), status?.podIP];
  return given.flatMap((text) => (text === undefined ? [] : (reader.address(text) ?? [])))[0];
}

/** A pod without conditions (a shortened dump) counts as ready where it runs. */
function isReady({ status }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined
    ? status?.phase === undefined || status.phase === "Running"
    : ready.status === "True";
}

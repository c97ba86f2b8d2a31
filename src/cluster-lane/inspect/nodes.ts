/** Which nodes a run may use, and what they run it in. Pure. */

import { ClusterUnfitError } from "../errors.js";
import type { ClusterNode } from "../kinds.js";
import type { ClusterLaneOptions, Toleration } from "../options.js";
import { PROBE_ARCHITECTURES } from "../programs.js";

/** Nodes that probe, by default. */
const DEFAULT_NODES = 3;

/** Nodes that take pods of a run: ready, Linux, selected, without a taint that is not tolerated. */
export function eligibleNodes(
  nodes: readonly ClusterNode[],
  { nodeSelector = {}, tolerations = [] }: Pick<ClusterLaneOptions, "nodeSelector" | "tolerations">,
): ClusterNode[] {
  return nodes.filter(({ metadata, spec, status }) => {
    const { operatingSystem, architecture } = status.nodeInfo;
    const isReady = status.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    const isSelected = Object.entries(nodeSelector).every(([key, value]) => metadata.labels?.[key] === value);
    const taints = (spec.taints ?? []).filter(({ effect }) => effect !== "PreferNoSchedule");
    return (
      isReady === true &&
      spec.unschedulable !== true &&
      operatingSystem === "linux" &&
      PROBE_ARCHITECTURES.includes(architecture) &&
      isSelected &&
      taints.every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)))
    );
  });
}

/** The rule of core/v1 Toleration: what is left out matches everything. */
function tolerates(
  { key, operator, value, effect }: Toleration,
  taint: { readonly key: string; readonly value?: string | undefined; readonly effect: string },
): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key === undefined) return operator === "Exists";
  return key === taint.key && (operator === "Exists" || (value ?? "") === (taint.value ?? ""));
}

/** How many nodes of each architecture probe, the largest group first: at most `most` in all. */
export function probesByArchitecture(
  nodes: readonly ClusterNode[],
  most = DEFAULT_NODES,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const { architecture } = node.status.nodeInfo;
    counts.set(architecture, (counts.get(architecture) ?? 0) + 1);
  }
  let left = most;
  return new Map(
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([architecture, count]): [string, number] => {
        const taken = Math.min(left, count);
        left -= taken;
        return [architecture, taken];
      })
      .filter(([, count]) => count > 0),
  );
}

/** `registry.k8s.io/pause:3.10`, `rancher/mirrored-pause:3.6`, `localhost/pause:1`, by name as clusters spell it. */
// pattern-bounded: the name of an image.
const PAUSE = /(^|[/-])pause(-amd64|-arm64)?:[^/@]+$/;

/**
 * The pause image that most of these nodes have already: no registry is asked for it.
 *
 * @throws ClusterUnfitError where no node lists one.
 */
export function pauseImageOf(nodes: readonly ClusterNode[]): string {
  const counts = new Map<string, number>();
  for (const { status } of nodes) {
    const names = (status.images ?? [])
      .flatMap((image) => image.names ?? [])
      .filter((name) => PAUSE.test(name));
    for (const name of new Set(names)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const [best] = [...counts].sort(([, a], [, b]) => b - a);
  if (best === undefined) {
    throw new ClusterUnfitError(
      "no node lists its pause image: name any image that nodes have or can pull, such as registry.k8s.io/pause:3.10",
      ["image"],
    );
  }
  return best[0];
}

/** Whether a node lists an image. The kubelet reports fifty at most, so the node may have it all the same. */
export function listsImage({ status }: ClusterNode, image: string): boolean {
  const wanted = fullName(image);
  return (status.images ?? []).some(({ names }) => (names ?? []).some((name) => fullName(name) === wanted));
}

/** As container runtimes complete a reference (github.com/distribution/reference, `ParseDockerRef`). */
function fullName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasHost ? image : `docker.io/${rest.length === 0 ? "library/" : ""}${image}`;
  return /[:@]/.test(path.slice(path.lastIndexOf("/"))) ? path : `${path}:latest`;
}

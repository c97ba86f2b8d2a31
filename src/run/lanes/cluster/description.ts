/** What results say of a live cluster. */

import { ClusterUnfitError } from "../../../cluster-lane/errors.js";
import type { ClusterState } from "../../../cluster-lane/inspect/preflight.js";
import type { ClusterLaneOptions } from "../../../cluster-lane/options.js";
import { namedByVersion } from "../../../results/live/live-nodes.js";
import type { Results } from "../../../results/schema.js";
import { DIRECT } from "./job.js";
import { reportOfPlane } from "./reports.js";

/** What the cluster is, without names. */
export function describeCluster(results: Results, state: ClusterState, options: ClusterLaneOptions): void {
  const { plane, otherServices, probes } = state;
  results.planes = { ...results.planes };
  const report = results.planes[plane.id] ?? { ...reportOfPlane(plane), claims: [] };
  results.planes[plane.id] = namedByVersion(report, plane);
  const direct = results.planes[DIRECT];
  // These packets meet the plane's rules as well, and match none: a list is walked to its end.
  const words = { label: "endpoint directly", shortLabel: "endpoint", columnLabel: "endpoint directly" };
  if (direct) results.planes[DIRECT] = { ...direct, ...words };
  results.equivalence = { ...results.equivalence, planes: [plane.id] };
  results.equivalence.services = Math.max(...results.cells.map(({ services }) => services));
  results.cluster = {
    ...results.cluster,
    source: "live",
    parameters: {
      ...results.cluster.parameters,
      otherServices,
      probes: Object.fromEntries(probes),
      ...identityOf(state, options),
    },
  };
}

/** What makes times of two clusters incomparable where it changes. */
function identityOf({ plane, network, version, nodes }: ClusterState, { names = false }: ClusterLaneOptions) {
  return {
    kubernetes: version,
    plane: { ...plane },
    network,
    nodes: nodes.map(({ metadata, status: { nodeInfo, capacity } }) => ({
      ...(names && { name: metadata.name }),
      architecture: nodeInfo.architecture,
      cpus: capacity?.cpu ?? "unknown",
      kernel: nodeInfo.kernelVersion,
      os: nodeInfo.osImage,
      kubelet: nodeInfo.kubeletVersion,
      runtime: nodeInfo.containerRuntimeVersion,
    })),
  };
}

/**
 * That a resumed run goes on in the cluster where it began.
 *
 * @throws ClusterUnfitError naming what changed.
 */
export function requireSameCluster(
  { cluster: { parameters } }: Results,
  state: ClusterState,
  options: ClusterLaneOptions,
): void {
  for (const [what, now] of Object.entries(identityOf(state, options))) {
    if (what in parameters && JSON.stringify(parameters[what]) !== JSON.stringify(now)) {
      throw new ClusterUnfitError(
        `this cluster is not the one where the run began, or has changed since (${what}): choose its context, or start a new run`,
      );
    }
  }
}

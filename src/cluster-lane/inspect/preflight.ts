/** What is looked at before the first object is made: rights, nodes, image, addresses, quota, and what balances. */

import { type Api, ApiError } from "../api.js";
import { ClusterUnfitError } from "../errors.js";
import {
  anyObject,
  type ClusterNode,
  clusterCidrSchema,
  clusterIpSchema,
  clusterNodeSchema,
  listOf,
  quotaSchema,
  versionSchema,
} from "../kinds.js";
import type { ClusterLaneOptions } from "../options.js";
import { readProbe } from "../programs.js";
import { countFreeAddresses, isIpv6Only } from "./addresses.js";
import { type DetectedPlane, detectNetwork, detectPlane, readEvidence } from "./detect.js";
import { eligibleNodes, pauseImageOf, probesByArchitecture } from "./nodes.js";
import { requireRights } from "./rights.js";

/** What a run finds in a cluster. */
export interface ClusterState {
  /** Of the API server. */
  readonly version: string;
  readonly plane: DetectedPlane;
  /** What joins the pods. */
  readonly network: string;
  readonly image: string;
  /** Nodes that may be used. */
  readonly nodes: readonly ClusterNode[];
  readonly allNodes: number;
  /** Nodes that probe, by architecture; targets are on the first. */
  readonly probes: ReadonlyMap<string, number>;
  /** Services that are there already. */
  readonly otherServices: number;
  /** Addresses for Services that are free; null: not to be known. */
  readonly freeAddresses: number | null;
}

/** What a run will need. */
export interface Needs {
  readonly options: ClusterLaneOptions;
  /** Namespace that is given, or that will be made. */
  readonly namespace: string;
  readonly own: boolean;
  readonly watches: boolean;
  readonly services: number;
  readonly targets: number;
}

/**
 * Looks at a cluster.
 *
 * @throws ClusterUnfitError for the first thing that makes the run impossible.
 */
export async function inspectCluster(api: Api, needs: Needs): Promise<ClusterState> {
  const { options, namespace, own } = needs;
  const version = await requireServer(api);
  await requireRights(api, namespace, needs);
  const { items: all } = await api.get("/api/v1/nodes", listOf(clusterNodeSchema));
  const nodes = eligibleNodes(all, options);
  if (nodes.length === 0) {
    throw new ClusterUnfitError(
      `none of ${all.length} nodes takes the pods: ready Linux nodes (amd64, arm64) without taints are needed; see --node-selector and --tolerations`,
    );
  }
  const probes = probesByArchitecture(nodes, options.nodes);
  const image = options.image ?? pauseImageOf(nodes);
  const { services, ranges, ipv6Only, freeAddresses } = await readAddresses(api);
  if (ipv6Only) {
    throw new ClusterUnfitError(
      `Services of this cluster have IPv6 alone${ranges.length > 0 ? ` (${ranges.join(", ")})` : ""}, and this lane measures Services of IPv4: give the context of a cluster that has IPv4, or measure IPv6 in lane model or kernel with --family 6`,
    );
  }
  if (freeAddresses !== null && freeAddresses < needs.services) {
    throw new ClusterUnfitError(
      `${needs.services === 1 ? "a Service needs an address" : `${needs.services} Services need as many addresses`}, and ${freeAddresses === 0 ? "none is" : `${freeAddresses} are`} free in ${ranges.join(", ")}: ${freeAddresses === 0 ? "remove Services" : "use smaller --services"}, or add a ServiceCIDR`,
    );
  }
  if (!own) await requireNamespace(api, needs);
  const evidence = await readEvidence(api, nodes);
  const plane =
    options.planeName === undefined
      ? detectPlane(evidence)
      : { id: options.planeName, program: options.planeName, version: null, source: "--plane-name" };
  for (const architecture of probes.keys()) readProbe(architecture);
  return {
    ...{ version, plane, network: detectNetwork(evidence), image, nodes, probes, freeAddresses },
    ...{ allNodes: all.length, otherServices: services },
  };
}

/** How many Services there are, and how many more may have an address; null: not to be known. */
export async function readAddresses(api: Api): Promise<{
  readonly services: number;
  readonly ranges: readonly string[];
  /** Whether a Service of IPv4 can't have an address. */
  readonly ipv6Only: boolean;
  readonly freeAddresses: number | null;
}> {
  const { items: services } = await api.get("/api/v1/services", listOf(clusterIpSchema));
  const used = services.flatMap(({ spec }) => spec.clusterIPs ?? [spec.clusterIP ?? ""]);
  const cidrs = await api.tryGet("/apis/networking.k8s.io/v1/servicecidrs", listOf(clusterCidrSchema));
  const ranges = cidrs?.items.flatMap(({ spec }) => spec.cidrs) ?? [];
  const freeAddresses = ranges.length === 0 ? null : countFreeAddresses(ranges, used);
  return { services: services.length, ranges, ipv6Only: isIpv6Only(ranges, used), freeAddresses };
}

/** That there is a server that answers, asked once: it is no use to wait for a wrong address. */
export async function requireServer(api: Api): Promise<string> {
  try {
    return (await api.once("/version", versionSchema)).gitVersion;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 500) throw error;
    throw new ClusterUnfitError(
      `the API server of this context does not answer (${error.message}): check kubectl get nodes, --context and --kubeconfig`,
    );
  }
}

/** That a namespace is there and has room. */
async function requireNamespace(api: Api, { namespace, services, targets, options }: Needs): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  const found = await api.tryGet(path, anyObject);
  if (found === null) {
    throw new ClusterUnfitError(
      `there is no namespace ${namespace}, or you may not read it: leave out --namespace`,
    );
  }
  const quotas = await api.tryGet(`${path}/resourcequotas`, listOf(quotaSchema));
  const wanted = { services, pods: targets + (options.nodes ?? 1) };
  for (const { metadata, status } of quotas?.items ?? []) {
    for (const [what, count] of Object.entries(wanted)) {
      for (const key of [what, `count/${what}`]) {
        const hard = Number(status.hard?.[key] ?? Number.NaN);
        const free = hard - Number(status.used?.[key] ?? 0);
        if (free < count) {
          throw new ClusterUnfitError(
            `${count} ${what} are needed, and the quota ${metadata.name} of namespace ${namespace} leaves ${free}: leave out --namespace, or use smaller --services`,
          );
        }
      }
    }
  }
}

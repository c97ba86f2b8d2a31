/** Checks before the first object is created: rights, nodes, image, addresses, and the data plane. */

import { FAMILY_NAMES, type Family, type FamilyChoice } from "../../cluster/family.js";
import { type Api, ApiError } from "../api.js";
import { ClusterUnfitError } from "../errors.js";
import {
  anyObject,
  type ClusterNode,
  clusterCidrSchema,
  clusterIpSchema,
  clusterNodeSchema,
  givesAddresses,
  listOf,
  versionSchema,
} from "../kinds.js";
import { labelsOf } from "../objects.js";
import type { ClusterLaneOptions } from "../options.js";
import { readProbe } from "../programs.js";
import { countFreeAddresses, familiesOffered, rangesOf } from "./addresses.js";
import { type DetectedPlane, detectNetwork, detectPlane, namedPlane, readEvidence } from "./detect.js";
import { eligibleNodes, listsImage, pauseImageOf, probesByArchitecture } from "./nodes.js";
import { requireRights } from "./rights.js";

/** What a run finds in a cluster. */
export interface ClusterState {
  /** Of the API server. */
  readonly version: string;
  readonly plane: DetectedPlane;
  /** The network plugin. */
  readonly network: string;
  readonly image: string;
  /** Whether some node does not list it, and may have to pull it. */
  readonly pulls: boolean;
  /** Nodes that may be used. */
  readonly nodes: readonly ClusterNode[];
  readonly allNodes: number;
  /** Nodes that probe, by architecture; targets are on the first. */
  readonly probes: ReadonlyMap<string, number>;
  /** Services that are there already. */
  readonly otherServices: number;
  /** Of the Services that are made. */
  readonly families: readonly Family[];
  /** Those that Services of this cluster may have, as far as it shows them. */
  readonly offered: readonly Family[];
  /** How many more Services get an address of each of these families; null: not known. */
  readonly freeAddresses: number | null;
}

/** What a run will need. */
export interface Needs {
  readonly options: ClusterLaneOptions;
  /** Namespace that is given, or that will be made. */
  readonly namespace: string;
  readonly own: boolean;
  readonly runId: string;
  readonly watches: boolean;
  /** At the same time, at most. */
  readonly services: number;
  /** Null: what the cluster gives a Service that asks for none. */
  readonly family: FamilyChoice | null;
  /** Called with refusals that need not end the inspection; absent: they are thrown. */
  readonly onRefusal?: (refusal: ClusterUnfitError) => void;
}

/**
 * Looks at a cluster.
 *
 * @param programOf the probe for an architecture, which has to be there
 * @throws ClusterUnfitError for the first thing that makes the run impossible.
 */
export async function inspectCluster(api: Api, needs: Needs, programOf = readProbe): Promise<ClusterState> {
  const { options, namespace, own } = needs;
  const version = await requireServer(api);
  await requireRights(api, namespace, needs);
  const { items: all } = await api.get("/api/v1/nodes", listOf(clusterNodeSchema));
  const nodes = eligibleNodes(all, options);
  if (nodes.length === 0) {
    throw new ClusterUnfitError(
      `none of ${all.length} nodes takes the pods: ready Linux nodes (amd64, arm64) without taints are needed; select other nodes, or tolerate their taints`,
      ["nodeSelector", "tolerations"],
    );
  }
  const probes = probesByArchitecture(nodes, options.nodes);
  const image = options.image ?? pauseImageOf(nodes);
  const addresses = await readAddresses(api, needs.runId);
  const { services, offered } = addresses;
  const families = chooseFamilies(needs.family, addresses);
  await reportOrThrow(needs, async () => {
    for (const family of families) requireFree(needs.services, family, addresses);
    if (!own) await requireNamespace(api, namespace);
  });
  const freeAddresses = leastOf(families.map(addresses.freeOf));
  const evidence = await readEvidence(api, nodes);
  const detected = detectPlane(evidence);
  const plane = options.planeName === undefined ? detected : namedPlane(options.planeName, detected);
  for (const architecture of probes.keys()) programOf(architecture);
  return {
    version,
    plane,
    network: detectNetwork(evidence),
    image,
    nodes,
    probes,
    freeAddresses,
    pulls: !nodes.every((node) => listsImage(node, image)),
    allNodes: all.length,
    otherServices: services,
    families,
    offered,
  };
}

async function reportOrThrow(
  { onRefusal }: Pick<Needs, "onRefusal">,
  check: () => Promise<void>,
): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (onRefusal === undefined || !(error instanceof ClusterUnfitError)) throw error;
    onRefusal(error);
  }
}

/** A cluster's Services and their addresses. */
export interface ServiceAddresses {
  readonly services: number;
  /** Of the cluster's ServiceCIDRs that addresses are taken from; none where they may not be read. */
  readonly ranges: readonly string[];
  /** See `familiesOffered`. */
  readonly offered: readonly Family[];
  /** How many more Services may have an address of a family; null: not to be known. */
  readonly freeOf: (family: Family) => number | null;
}

/**
 * Reads how many Services there are, and how many more there may be.
 *
 * @param runId Its own Services are not counted: a run that is resumed removes them first.
 */
export async function readAddresses(api: Api, runId?: string): Promise<ServiceAddresses> {
  const { items } = await api.get("/api/v1/services", listOf(clusterIpSchema));
  const services = items.filter(({ metadata: { labels } }) => runId === undefined || !isOfRun(labels, runId));
  const used = services.flatMap(({ spec }) => spec.clusterIPs ?? [spec.clusterIP ?? ""]);
  const cidrs = await api.tryGet("/apis/networking.k8s.io/v1/servicecidrs", listOf(clusterCidrSchema));
  const ranges = cidrs?.items.filter(givesAddresses).flatMap(({ spec }) => spec.cidrs) ?? [];
  return {
    services: services.length,
    ranges,
    offered: familiesOffered(ranges, used),
    freeOf: (family) => (ranges.length === 0 ? null : countFreeAddresses(ranges, used, family)),
  };
}

const isOfRun = (labels: Readonly<Record<string, string>> = {}, runId: string): boolean =>
  Object.entries(labelsOf(runId)).every(([key, value]) => labels[key] === value);

/** The least number; null where one is not known. */
export function leastOf(counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.length < counts.length || known.length === 0 ? null : Math.min(...known);
}

/**
 * The families of a run's Services.
 *
 * @param choice null: the one that the cluster gives a Service that asks for none
 * @throws ClusterUnfitError where the cluster is known to have no addresses of one of them.
 */
export function chooseFamilies(
  choice: FamilyChoice | null,
  { ranges, offered }: Pick<ServiceAddresses, "ranges" | "offered">,
): readonly Family[] {
  if (choice === null) return [offered[0] ?? 4];
  const families: readonly Family[] = choice === "dual" ? [4, 6] : [choice];
  const lacking = families.filter((family) => !offered.includes(family));
  // Where ranges may not be read, the API server says whether there are any.
  if (lacking.length === 0 || ranges.length === 0) return families;
  const has = offered.map((family) => FAMILY_NAMES[family]).join(" and ");
  throw new ClusterUnfitError(
    `Services of this cluster have ${has} alone (${ranges.join(", ")}), and no ${lacking.map((family) => FAMILY_NAMES[family]).join(" or ")}: ask for no family, or choose another cluster`,
    ["family", "context"],
  );
}

function requireFree(wanted: number, family: Family, { ranges, freeOf }: ServiceAddresses): void {
  const free = freeOf(family);
  if (free === null || free >= wanted) return;
  throw new ClusterUnfitError(
    `${wanted === 1 ? "a Service needs an address" : `${wanted} Services need as many addresses`}, and ${free === 0 ? "none is" : `${free} are`} free in ${rangesOf(ranges, family).join(", ")}: add a ServiceCIDR, or ${free === 0 ? "remove Services" : "make fewer"}`,
    free === 0 ? [] : ["services"],
  );
}

/** Requires an API server that answers at the first attempt: retries do not help against a wrong address. */
export async function requireServer(api: Api): Promise<string> {
  try {
    return (await api.once("/version", versionSchema)).gitVersion;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 500) throw error;
    throw new ClusterUnfitError(
      `the API server of this context does not answer (${error.message}): check kubectl get nodes, and which cluster it asks`,
      ["context", "kubeconfig"],
    );
  }
}

/** Requires a namespace to exist. */
async function requireNamespace(api: Api, namespace: string): Promise<void> {
  if ((await api.tryGet(`/api/v1/namespaces/${namespace}`, anyObject)) !== null) return;
  throw new ClusterUnfitError(
    `there is no namespace ${namespace}, or you may not read it: name another, or none for one of the run's own`,
    ["namespace"],
  );
}

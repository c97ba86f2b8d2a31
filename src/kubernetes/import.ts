/** Kubernetes Services with their EndpointSlices, or with the workloads behind them, as a cluster. */

import { FreeAddresses } from "../cluster/allocate.js";
import { buildCluster, type ServiceRecord } from "../cluster/build.js";
import { oneLine, refuseConflicts } from "../cluster/checks.js";
import type { Cluster } from "../cluster/cluster.js";
import type { Ipv6Network } from "../cluster/infer-ipv6.js";
import { inferNetwork, type KnownNetwork } from "../cluster/infer-network.js";
import { rangesOf } from "../cluster/raw-addresses.js";
import { InvalidInputError } from "../errors.js";
import { countOf } from "../text.js";
import { type KubernetesObject, readObjects } from "./documents.js";
import { type EndpointOrigin, type EndpointSource, NO_ENDPOINTS } from "./endpoints.js";
import type { ImportReport } from "./import-report.js";
import { type AddressReader, IPV4, ipv6Reader } from "./network/addresses.js";
import { chooseNode, knownNetwork, type NodeOptions, namedNodes } from "./network/this-node.js";
import { endpointsFromPods, hasLivePods } from "./pods.js";
import {
  check,
  type EndpointSlice,
  type Endpoints,
  endpointsSchema,
  isOfKind,
  type Node,
  nodeSchema,
  type Pod,
  podSchema,
  type Service,
  type ServiceCidr,
  serviceCidrSchema,
  serviceSchema,
  sliceSchema,
  workloadSchema,
} from "./schema.js";
import { classify, familiesOfService, HEADLESS_LABEL, recordServices, withNodePorts } from "./services.js";
import { endpointsFromSlices, type SliceReading, slicesOfEndpoints } from "./slices.js";
import { endpointsFromWorkloads, workloadOfPod } from "./workloads.js";

const WORKLOAD_KINDS = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
];
/** Services that a warning names. */
const NAMED = 3;

/** One family of what was imported. */
export interface FamilyImport {
  readonly cluster: Cluster;
  readonly report: ImportReport;
  readonly known: KnownNetwork;
}

/** The objects that matter, read. */
interface Objects extends Omit<Sources, "node" | keyof SliceReading> {
  readonly count: number;
  readonly services: readonly Service[];
  readonly nodes: readonly Node[];
  readonly ranges: readonly ServiceCidr[];
}

/**
 * Reads Kubernetes YAML or JSON; of Node and ServiceCIDR objects, the node's addresses and the ranges of services. What comes
 * first is the only family there is, or IPv4 next to `ipv6`. Throws InvalidInputError that names object and field when
 * something can't be used, or the nodes there are when `node` is not one of them.
 */
export function importKubernetes(
  text: string,
  options: NodeOptions = {},
): FamilyImport & { readonly ipv6?: FamilyImport } {
  const all = readObjects(text);
  const ofKinds = (...kinds: string[]) =>
    all.filter((object) => kinds.some((kind) => isOfKind(object, kind)));
  const objects: Objects = {
    count: all.length,
    services: ofKinds("Service").map((object) => check(serviceSchema, object)),
    slices: ofKinds("EndpointSlice").map((object) => check(sliceSchema, object)),
    legacy: ofKinds("Endpoints").map((object) => check(endpointsSchema, object)),
    workloads: ofKinds(...WORKLOAD_KINDS),
    pods: ofKinds("Pod").map((object) => check(podSchema, object)),
    nodes: ofKinds("Node").map((object) => check(nodeSchema, object)),
    ranges: ofKinds("ServiceCIDR").map((object) => check(serviceCidrSchema, object)),
  };
  const { services, synthesized } = withNodePorts(
    objects.services.filter((service) => classify(service) === "balanced"),
  );
  const ofFamily = (name: string) => services.filter((service) => familiesOfService(service).includes(name));
  const [ipv4, ipv6] = [ofFamily("IPv4"), ofFamily("IPv6")];
  if (services.length === 0) {
    throw new InvalidInputError(
      `of the input's ${countOf(objects.count, "object")} (${namedKinds(all)}) none is a Service with a cluster IP: give kind: Service objects`,
    );
  }
  const first =
    ipv4.length === 0 ? undefined : importFamily(objects, ipv4, { ...options, synthesized, reader: IPV4 });
  const second = ipv6.length === 0 ? undefined : importIpv6(objects, ipv6, { ...options, synthesized });
  if (first === undefined) return second!;
  return second === undefined ? first : { ...first, ipv6: second };
}

function namedKinds(objects: readonly KubernetesObject[]): string {
  const kinds = [...new Set(objects.map(({ kind }) => oneLine(kind, 40)))];
  return `${kinds.slice(0, NAMED).join(", ")}${kinds.length > NAMED ? ", …" : ""}`;
}

interface FamilyOptions extends NodeOptions {
  readonly reader: AddressReader;
  /** NodePorts that were made up. */
  readonly synthesized: number;
}

function importIpv6(
  objects: Objects,
  services: readonly Service[],
  options: Omit<FamilyOptions, "reader">,
): FamilyImport {
  const podCidr = rangesOf(options.podRange).flatMap(({ base, prefixLength }) =>
    typeof base === "bigint" ? [{ base, prefixLength }] : [],
  )[0];
  const reader = ipv6Reader({
    services,
    slices: [...objects.slices, ...objects.legacy.flatMap(slicesOfEndpoints)],
    pods: objects.pods,
    serviceCidrs: objects.ranges,
    podCidr,
  });
  return importFamily(objects, services, { ...options, reader }, reader.ranges);
}

function importFamily(
  objects: Objects,
  services: readonly Service[],
  options: FamilyOptions,
  ranges?: Ipv6Network,
): FamilyImport {
  const { reader } = options;
  const { slices, legacy, pods, workloads, nodes } = objects;
  const named = namedNodes(slices, legacy, pods);
  const chosen = chooseNode(options.node, nodes, named);
  // Where Node objects tell of several, what the default's own says of it counts too.
  const node = chosen ?? (nodes.length > 0 ? named[0] : undefined);
  const source = chooseSource(
    services,
    {
      slices,
      legacy,
      pods,
      workloads,
      node,
      zone: zoneOfNode(nodes, node),
      sharedAddress: options.sharedAddress,
    },
    reader,
  );
  const { records, synthesized: addresses, unaddressed } = recordServices(services, source, reader);
  const synthesized = { ...addresses, nodePorts: options.synthesized };
  refuseConflicts(records, reader.network);
  const known = knownNetwork(options, node, objects, reader);
  const network = inferNetwork(records, {
    ...known,
    ...(ranges && { ...ranges, ipv6: ranges }),
  });
  const skipped = skippedServices(objects.services, reader);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "kubernetes",
    parameters: { objects: objects.count, endpoints: source.origin, skipped, invented: synthesized },
  });
  return {
    cluster,
    known,
    report: {
      services: cluster.services,
      servicePorts: cluster.servicePorts,
      endpoints: cluster.endpoints,
      idleEndpoints: cluster.idleEndpoints,
      endpointOrigin: source.origin,
      here: source.here,
      isNodeChosen: chosen !== undefined,
      hints: source.hints,
      skipped,
      otherObjects:
        objects.count -
        objects.services.length -
        slices.length -
        legacy.length -
        workloads.length -
        pods.length -
        nodes.length -
        objects.ranges.length,
      dualStack: services.filter((service) => familiesOfService(service).length > 1).length,
      synthesized,
      unaddressed,
      unused: unusedOf(source.origin, objects),
      warnings: [...warnOfSlices(slices), ...warnOfHeadlessLabel(services), ...warnOfEmpty(records)],
    },
  };
}

/** Services that no data plane balances, or not in this family. */
function skippedServices(services: readonly Service[], reader: AddressReader): ImportReport["skipped"] {
  const skipped = { headless: 0, externalName: 0, otherFamily: 0, otherProxy: 0 };
  for (const service of services) {
    const sort = classify(service);
    if (sort !== "balanced") skipped[sort]++;
    else if (!familiesOfService(service).includes(reader.name)) skipped.otherFamily++;
  }
  return skipped;
}

/** Where endpoints may come from, and how slices are read. */
interface Sources extends SliceReading {
  readonly slices: readonly EndpointSlice[];
  readonly legacy: readonly Endpoints[];
  readonly pods: readonly Pod[];
  readonly workloads: readonly KubernetesObject[];
  readonly node: string | undefined;
}

/** Where kube-proxy looks for the zone that it is in (pkg/proxy/topology.go). */
function zoneOfNode(nodes: readonly Node[], name: string | undefined): string | undefined {
  return nodes.find(({ metadata }) => metadata.name === name)?.metadata.labels?.[
    "topology.kubernetes.io/zone"
  ];
}

/** EndpointSlices and Pods tell what is; workloads only what is wanted. */
function chooseSource(
  services: readonly Service[],
  { slices, legacy, pods, workloads, node, zone, sharedAddress }: Sources,
  reader: AddressReader,
): EndpointSource {
  if (slices.length > 0) return endpointsFromSlices(slices, reader, node, { zone, sharedAddress });
  if (legacy.length > 0) {
    return { ...endpointsFromSlices(legacy.flatMap(slicesOfEndpoints), reader, node), origin: "endpoints" };
  }
  if (hasLivePods(pods, reader)) return endpointsFromPods(pods, reader, node);
  if (workloads.length === 0 && pods.length === 0) return NO_ENDPOINTS;
  const addresses = new FreeAddresses({
    range: reader.pods,
    network: reader.network,
    taken: services.flatMap(({ spec }) => reader.address(spec.clusterIP ?? "") ?? []),
    reserved: [reader.clients],
    what: "pods",
  });
  // Of a Deployment's ReplicaSets, only the Deployment counts.
  const checked = workloads
    .map((object) => check(workloadSchema, object))
    .filter(({ kind, metadata }) => kind !== "ReplicaSet" || (metadata.ownerReferences ?? []).length === 0);
  return endpointsFromWorkloads([...checked, ...pods.map(workloadOfPod)], () => addresses.next());
}

/** Objects that would give endpoints if no other objects listed them. */
function unusedOf(origin: EndpointOrigin, { legacy, pods, workloads }: Objects): ImportReport["unused"] {
  const better = ["endpointslices", "endpoints", "pods"].indexOf(origin);
  return {
    Endpoints: better === 0 ? legacy.length : 0,
    Pods: better === 0 || better === 1 ? pods.length : 0,
    workloads: better >= 0 ? workloads.length : 0,
  };
}

function warnOfSlices(slices: readonly EndpointSlice[]): string[] {
  const other = slices.filter(({ addressType }) => addressType !== "IPv4" && addressType !== "IPv6").length;
  return other === 0 ? [] : [`${other} EndpointSlices without IP addresses are left out`];
}

/** The label is the controllers', for slices of headless services; a Service that has it is not seen by old kube-proxies. */
function warnOfHeadlessLabel(balanced: readonly Service[]): string[] {
  const labelled = balanced.filter(({ metadata }) => metadata.labels?.[HEADLESS_LABEL] !== undefined).length;
  return labelled === 0
    ? []
    : [`Services labelled ${HEADLESS_LABEL}, which kube-proxy up to 1.35 leaves out: ${labelled}`];
}

function warnOfEmpty(records: readonly ServiceRecord[]): string[] {
  const empty = records.filter(({ ports }) => ports.every(({ endpoints }) => endpoints.length === 0));
  if (empty.length === 0) return [];
  const names = empty.slice(0, NAMED).map(({ name }) => name);
  const more = empty.length > NAMED ? ", …" : "";
  return [`Services without endpoints: ${empty.length} (${names.join(", ")}${more})`];
}

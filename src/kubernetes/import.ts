/** Kubernetes Services with their EndpointSlices, or with the workloads behind them, as a cluster. */

import { FreeAddresses } from "../cluster/allocate.js";
import { buildCluster, type ServiceRecord } from "../cluster/build.js";
import { oneLine, refuseConflicts } from "../cluster/checks.js";
import { type Cidr, type Cluster, parseAddress, parseCidr } from "../cluster/cluster.js";
import { inferNetwork, type KnownNetwork } from "../cluster/infer-network.js";
import { DEFAULT_NETWORK } from "../cluster/network.js";
import { InvalidInputError } from "../errors.js";
import { type KubernetesObject, readObjects } from "./documents.js";
import { type EndpointSource, NO_ENDPOINTS } from "./endpoints.js";
import { areExported, THIS_NODE } from "./exported-nodes.js";
import type { ImportReport } from "./import-report.js";
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
import { classify, HEADLESS_LABEL, isDualStack, recordServices } from "./services.js";
import { endpointsFromSlices, slicesOfEndpoints } from "./slices.js";
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

/** What the objects do not say of the node whose rules are wanted. */
export interface NodeOptions {
  /** Name of the node: by default the first that an endpoint names. */
  readonly node?: string | undefined;
  /** kube-proxy's `--cluster-cidr`: inferred by default. */
  readonly podRange?: Cidr | undefined;
  /** The node's addresses, its InternalIP first: those of its Node object by default. */
  readonly nodeAddresses?: readonly number[] | undefined;
}

/**
 * Reads Kubernetes YAML or JSON; of Node and ServiceCIDR objects, the node's addresses and the range of services. Throws
 * InvalidInputError that names object and field when something can't be used, or the nodes there are when `node` is none of them.
 */
export function importKubernetes(
  text: string,
  options: NodeOptions = {},
): { cluster: Cluster; report: ImportReport; known: KnownNetwork } {
  const objects = readObjects(text);
  const ofKinds = (...kinds: string[]) =>
    objects.filter((object) => kinds.some((kind) => isOfKind(object, kind)));
  const services = ofKinds("Service").map((object) => check(serviceSchema, object));
  const slices = ofKinds("EndpointSlice").map((object) => check(sliceSchema, object));
  const legacy = ofKinds("Endpoints").map((object) => check(endpointsSchema, object));
  const workloads = ofKinds(...WORKLOAD_KINDS);
  const pods = ofKinds("Pod").map((object) => check(podSchema, object));
  const nodes = ofKinds("Node").map((object) => check(nodeSchema, object));
  const ranges = ofKinds("ServiceCIDR").map((object) => check(serviceCidrSchema, object));

  const { balanced, skipped } = partitionServices(services);
  if (balanced.length === 0) {
    throw new InvalidInputError(
      `none of the input's ${objects.length} objects is a Service with an IPv4 cluster IP: give kind: Service objects`,
    );
  }
  const node = chooseNode(options.node, nodes, namedNodes(slices, legacy, pods));
  const source = chooseSource(balanced, {
    slices,
    legacy,
    pods,
    workloads,
    node,
    zone: zoneOfNode(nodes, node),
  });
  const { records, invented } = recordServices(balanced, source);
  refuseConflicts(records);
  const known = knownNetwork(options, node, nodes, ranges);
  const cluster = buildCluster(records, inferNetwork(records, known), {
    kind: "imported",
    format: "kubernetes",
    parameters: { objects: objects.length, endpoints: source.origin, skipped, invented },
  });
  return {
    cluster,
    known,
    report: {
      services: cluster.services,
      servicePorts: cluster.servicePorts,
      endpoints: cluster.endpoints,
      endpointOrigin: source.origin,
      here: source.here,
      isNodeChosen: node !== undefined,
      hints: source.hints,
      skipped,
      otherObjects:
        objects.length -
        services.length -
        slices.length -
        legacy.length -
        workloads.length -
        pods.length -
        nodes.length -
        ranges.length,
      dualStack: balanced.filter(isDualStack).length,
      invented,
      warnings: [...warnOfSlices(slices), ...warnOfHeadlessLabel(balanced), ...warnOfEmpty(records)],
    },
  };
}

function partitionServices(services: readonly Service[]): {
  balanced: Service[];
  skipped: ImportReport["skipped"];
} {
  const balanced: Service[] = [];
  const skipped = { headless: 0, externalName: 0, ipv6Only: 0, otherProxy: 0 };
  for (const service of services) {
    const sort = classify(service);
    if (sort === "balanced") balanced.push(service);
    else skipped[sort]++;
  }
  return { balanced, skipped };
}

/** The node that was asked for, or the only Node object's; undefined: whichever an endpoint names first. */
function chooseNode(
  wanted: string | undefined,
  nodes: readonly Node[],
  named: readonly string[],
): string | undefined {
  if (wanted === undefined) {
    if (nodes.length === 1) return nodes[0]!.metadata.name;
    return nodes.length === 0 && areExported(named) ? THIS_NODE : undefined;
  }
  const known = new Set([...nodes.map(({ metadata }) => metadata.name), ...named]);
  if (known.size === 0) {
    throw new InvalidInputError(
      "--node: no Node and no endpoint of the input names a node: give kubectl get nodes,endpointslices too",
    );
  }
  if (!known.has(wanted)) {
    const names = [...known].slice(0, NAMED).map((name) => oneLine(name, 63));
    const more = known.size > NAMED ? ", …" : "";
    throw new InvalidInputError(
      `no Node or endpoint of the input is of node "${oneLine(wanted, 63)}": give one of ${names.join(", ")}${more}`,
    );
  }
  return wanted;
}

/** Nodes that endpoints name. */
function namedNodes(
  slices: readonly EndpointSlice[],
  legacy: readonly Endpoints[],
  pods: readonly Pod[],
): string[] {
  return [
    ...[...slices, ...legacy.flatMap(slicesOfEndpoints)].flatMap(({ endpoints }) =>
      (endpoints ?? []).flatMap(({ nodeName }) => nodeName ?? []),
    ),
    ...pods.flatMap(({ spec }) => spec?.nodeName ?? []),
  ];
}

/** What Node and ServiceCIDR objects say. The first range and addresses of IPv4 count, as kube-proxy takes them. */
function knownNetwork(
  { podRange, nodeAddresses = [] }: NodeOptions,
  node: string | undefined,
  nodes: readonly Node[],
  ranges: readonly ServiceCidr[],
): KnownNetwork {
  const own = nodes.find(({ metadata }) => metadata.name === node);
  const addressesOf = (wanted: string) =>
    (own?.status?.addresses ?? [])
      .filter(({ type }) => type === wanted)
      .flatMap(({ address }) => parseAddress(address) ?? []);
  const internal = addressesOf("InternalIP");
  // An external address is often the cloud's, that no interface of the node has (k8s.io/component-helpers, GetNodeHostIPs).
  const addresses = internal.length > 0 ? internal : addressesOf("ExternalIP");
  const serviceCidr = ranges.flatMap(({ spec }) =>
    (spec.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []),
  )[0];
  return {
    podCidr: podRange,
    serviceCidr,
    nodeAddresses: nodeAddresses.length > 0 ? nodeAddresses : [...new Set(addresses)],
  };
}

/** Where endpoints may come from. */
interface Sources {
  readonly slices: readonly EndpointSlice[];
  readonly legacy: readonly Endpoints[];
  readonly pods: readonly Pod[];
  readonly workloads: readonly KubernetesObject[];
  readonly node: string | undefined;
  readonly zone: string | undefined;
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
  { slices, legacy, pods, workloads, node, zone }: Sources,
): EndpointSource {
  if (slices.length > 0) return endpointsFromSlices(slices, node, zone);
  if (legacy.length > 0) {
    return { ...endpointsFromSlices(legacy.flatMap(slicesOfEndpoints), node), origin: "endpoints" };
  }
  if (hasLivePods(pods)) return endpointsFromPods(pods, node);
  if (workloads.length === 0 && pods.length === 0) return NO_ENDPOINTS;
  const addresses = new FreeAddresses({
    range: DEFAULT_NETWORK.podCidr,
    taken: services.flatMap(({ spec }) => parseAddress(spec.clusterIP ?? "") ?? []),
    reserved: [DEFAULT_NETWORK.clientCidr],
    what: "pods",
  });
  // Of a Deployment's ReplicaSets, only the Deployment counts.
  const checked = workloads
    .map((object) => check(workloadSchema, object))
    .filter(({ kind, metadata }) => kind !== "ReplicaSet" || (metadata.ownerReferences ?? []).length === 0);
  return endpointsFromWorkloads([...checked, ...pods.map(workloadOfPod)], () => addresses.next());
}

function warnOfSlices(slices: readonly EndpointSlice[]): string[] {
  const other = slices.filter(({ addressType }) => addressType !== "IPv4").length;
  return other === 0 ? [] : [`${other} EndpointSlices without IPv4 addresses are left out`];
}

/** The label is the controllers', for slices of headless services; a Service that has it is not seen by old kube-proxies. */
function warnOfHeadlessLabel(balanced: readonly Service[]): string[] {
  const labelled = balanced.filter(({ metadata }) => metadata.labels?.[HEADLESS_LABEL] !== undefined).length;
  return labelled === 0
    ? []
    : [`services labelled ${HEADLESS_LABEL}, which kube-proxy up to 1.35 leaves out: ${labelled}`];
}

function warnOfEmpty(records: readonly ServiceRecord[]): string[] {
  const empty = records.filter(({ ports }) => ports.every(({ endpoints }) => endpoints.length === 0));
  if (empty.length === 0) return [];
  const names = empty.slice(0, NAMED).map(({ name }) => name);
  const more = empty.length > NAMED ? ", …" : "";
  return [`services without endpoints: ${empty.length} (${names.join(", ")}${more})`];
}

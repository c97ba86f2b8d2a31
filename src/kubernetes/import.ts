/** Kubernetes Services with their EndpointSlices, or with the workloads behind them, as a cluster. */

import { FreeAddresses } from "../cluster/allocate.js";
import { buildCluster, type ServiceRecord } from "../cluster/build.js";
import { refuseConflicts } from "../cluster/checks.js";
import { type Cluster, parseAddress } from "../cluster/cluster.js";
import { inferNetwork } from "../cluster/infer-network.js";
import { DEFAULT_NETWORK } from "../cluster/network.js";
import { InvalidInputError } from "../errors.js";
import { type KubernetesObject, readObjects } from "./documents.js";
import { type EndpointSource, NO_ENDPOINTS } from "./endpoints.js";
import type { ImportReport } from "./import-report.js";
import {
  check,
  type EndpointSlice,
  type Endpoints,
  endpointsSchema,
  isOfKind,
  type Service,
  serviceSchema,
  sliceSchema,
  workloadSchema,
} from "./schema.js";
import { classify, isDualStack, recordServices } from "./services.js";
import { endpointsFromSlices, slicesOfEndpoints } from "./slices.js";
import { endpointsFromWorkloads } from "./workloads.js";

const WORKLOAD_KINDS = ["Deployment", "StatefulSet", "DaemonSet"];
/** Services that a warning names. */
const NAMED = 3;

/** Reads Kubernetes YAML or JSON. Throws InvalidInputError that names object and field when something can't be used. */
export function importKubernetes(text: string): { cluster: Cluster; report: ImportReport } {
  const objects = readObjects(text);
  const ofKinds = (...kinds: string[]) =>
    objects.filter((object) => kinds.some((kind) => isOfKind(object, kind)));
  const services = ofKinds("Service").map((object) => check(serviceSchema, object));
  const slices = ofKinds("EndpointSlice").map((object) => check(sliceSchema, object));
  const legacy = ofKinds("Endpoints").map((object) => check(endpointsSchema, object));
  const workloads = ofKinds(...WORKLOAD_KINDS);

  const { balanced, skipped } = partitionServices(services);
  if (balanced.length === 0) {
    throw new InvalidInputError(
      `none of the input's ${objects.length} objects is a Service with an IPv4 cluster IP: give kind: Service objects`,
    );
  }
  const source = chooseSource(balanced, slices, legacy, workloads);
  const { records, invented } = recordServices(balanced, source);
  refuseConflicts(records);
  const cluster = buildCluster(records, inferNetwork(records), {
    kind: "imported",
    format: "kubernetes",
    parameters: { objects: objects.length, endpoints: source.origin, skipped, invented },
  });
  return {
    cluster,
    report: {
      services: cluster.services,
      servicePorts: cluster.servicePorts,
      endpoints: cluster.endpoints,
      endpointOrigin: source.origin,
      here: source.here,
      hints: source.hints,
      skipped,
      otherObjects: objects.length - services.length - slices.length - legacy.length - workloads.length,
      dualStack: balanced.filter(isDualStack).length,
      invented,
      warnings: [...warnOfSlices(slices), ...warnOfEmpty(records)],
    },
  };
}

function partitionServices(services: readonly Service[]): {
  balanced: Service[];
  skipped: ImportReport["skipped"];
} {
  const balanced: Service[] = [];
  const skipped = { headless: 0, externalName: 0, ipv6Only: 0 };
  for (const service of services) {
    const sort = classify(service);
    if (sort === "balanced") balanced.push(service);
    else skipped[sort]++;
  }
  return { balanced, skipped };
}

/** EndpointSlices tell what is; workloads only what is wanted. */
function chooseSource(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  legacy: readonly Endpoints[],
  workloads: readonly KubernetesObject[],
): EndpointSource {
  if (slices.length > 0) return endpointsFromSlices(slices);
  if (legacy.length > 0)
    return { ...endpointsFromSlices(legacy.flatMap(slicesOfEndpoints)), origin: "endpoints" };
  if (workloads.length === 0) return NO_ENDPOINTS;
  const pods = new FreeAddresses({
    range: DEFAULT_NETWORK.podCidr,
    taken: services.flatMap(({ spec }) => parseAddress(spec.clusterIP ?? "") ?? []),
    reserved: [DEFAULT_NETWORK.clientCidr],
    what: "pods",
  });
  return endpointsFromWorkloads(
    workloads.map((object) => check(workloadSchema, object)),
    () => pods.next(),
  );
}

function warnOfSlices(slices: readonly EndpointSlice[]): string[] {
  const other = slices.filter(({ addressType }) => addressType !== "IPv4").length;
  return other === 0 ? [] : [`${other} EndpointSlices without IPv4 addresses are left out`];
}

function warnOfEmpty(records: readonly ServiceRecord[]): string[] {
  const empty = records.filter(({ ports }) => ports.every(({ endpoints }) => endpoints.length === 0));
  if (empty.length === 0) return [];
  const names = empty.slice(0, NAMED).map(({ name }) => name);
  const more = empty.length > NAMED ? ", …" : "";
  return [`services without endpoints: ${empty.length} (${names.join(", ")}${more})`];
}

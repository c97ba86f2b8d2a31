/** A cluster as Kubernetes objects: Services, EndpointSlices as their controller writes them, and ServiceCIDRs if several. */

import {
  CLUSTER_IP,
  type Cluster,
  isExternalIp,
  isIngressIp,
  LOAD_BALANCER,
  LOCAL,
  LOCAL_POLICY_ONLY,
  protocolName,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../cluster/cluster.js";
import { addressText, type DualStack, familiesOf, familyOf, rangeText } from "../cluster/family.js";
import { refuseUnsafeNames } from "../cluster/safe-names.js";
import { NotRepresentableError } from "../errors.js";
import { apiName, validateAgainstApiRules } from "./api-rules.js";
import { OTHER_NODE, THIS_NODE } from "./exported-nodes.js";
import type { ApiObject } from "./list-watch/parse.js";
import { serviceCidrObjects } from "./network/service-cidrs.js";

/** The controller's `--max-endpoints-per-slice`. */
const ENDPOINTS_PER_SLICE = 100;
const TYPES = ["ClusterIP", "NodePort", "LoadBalancer"] as const;

/** A Service in the part of each family that it has. */
interface Part {
  readonly cluster: Cluster;
  readonly s: number;
}

/**
 * A v1 List as JSON, one object per line, in chunks: a Service of both families is one object. Throws NotRepresentableError for
 * what the API server would refuse.
 */
export function* kubernetesList(clusters: Cluster | DualStack): Iterable<string> {
  let separator = '{"apiVersion":"v1","kind":"List","items":[\n';
  for (const object of kubernetesObjects(clusters)) {
    yield `${separator}${JSON.stringify(object)}`;
    separator = ",\n";
  }
  yield separator === ",\n" ? "\n]}\n" : `${separator}]}\n`;
}

/**
 * The same, as objects of JavaScript.
 * @param endpointsPerSlice How many endpoints a slice has at most.
 * @throws NotRepresentableError for what the API server would refuse.
 */
export function* kubernetesObjects(
  clusters: Cluster | DualStack,
  endpointsPerSlice = ENDPOINTS_PER_SLICE,
): Iterable<ApiObject> {
  const families = familiesOf(clusters).filter((cluster) => cluster !== undefined);
  for (const cluster of families) {
    refuseUnsafeNames(cluster);
    validateAgainstApiRules(cluster);
  }
  // One range is the cluster's own: whoever takes the Services has it already.
  const ranges = serviceCidrObjects(families);
  if (ranges.length > 1) yield* ranges;
  for (const parts of servicesOf(families)) {
    const { cluster, s } = parts[0];
    const [namespace, name] = apiName(cluster, s);
    yield serviceObject(parts, namespace, name);
    yield* sliceObjects(parts, namespace, name, endpointsPerSlice);
  }
}

/** Services in the order of the first family, each with its parts; then those that the other has alone. */
function* servicesOf(families: readonly Cluster[]): Iterable<readonly [Part, Part?]> {
  const [first, second] = families;
  const others = new Map(
    Array.from({ length: second?.services ?? 0 }, (_, s) => [
      second!.serviceName(s),
      { cluster: second!, s },
    ]),
  );
  for (let s = 0; s < first!.services; s++) {
    const name = first!.serviceName(s);
    const other = others.get(name);
    others.delete(name);
    const own = { cluster: first!, s };
    if (other) refuseDifference(own, other);
    yield other ? [own, other] : [own];
  }
  for (const part of others.values()) yield [part];
}

/** One object says the same of both families. */
function refuseDifference(own: Part, other: Part): void {
  const shared = ({ cluster, s }: Part) =>
    JSON.stringify([
      cluster.serviceType[s],
      cluster.affinitySeconds[s],
      cluster.internalLocal[s],
      cluster.externalLocal[s],
      cluster.healthCheckNodePort[s],
      rows(cluster.portStart, s).map((p) => [
        cluster.portName(p),
        cluster.protocol[p],
        cluster.port[p],
        cluster.nodePort[p],
      ]),
    ]);
  if (shared(own) !== shared(other))
    throw new NotRepresentableError(
      `Service ${own.cluster.serviceName(own.s)}: its ports or policies are not the same in IPv4 and IPv6, and an object has them once`,
    );
}

function serviceObject(parts: readonly [Part, Part?], namespace: string, name: string): ApiObject {
  const all = parts.filter((part) => part !== undefined);
  const { cluster, s } = parts[0];
  const externals = (isListed: (kind: number) => boolean) =>
    all.flatMap((part) =>
      rows(part.cluster.externalStart, part.s)
        .filter((x) => isListed(part.cluster.externalKind[x]!))
        .map((x) => addressText(part.cluster.network, part.cluster.externalAddress[x]!)),
    );
  const type = cluster.serviceType[s]!;
  const ports = rows(cluster.portStart, s);
  const externalIps = externals(isExternalIp);
  const ranges = all.flatMap((part) =>
    rows(part.cluster.rangeStart, part.s).map((r) =>
      rangeText(part.cluster.network, {
        base: part.cluster.rangeBase[r]!,
        prefixLength: part.cluster.rangePrefixLength[r]!,
      }),
    ),
  );
  const seconds = cluster.affinitySeconds[s]!;
  const clusterIps = all.map((part) => addressText(part.cluster.network, part.cluster.clusterIp[part.s]!));
  const isExternal = type !== CLUSTER_IP || externalIps.length > 0;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: {
      type: TYPES[type],
      clusterIP: clusterIps[0],
      clusterIPs: clusterIps,
      ipFamilies: all.map((part) => familyName(part.cluster)),
      ipFamilyPolicy: all.length > 1 ? "RequireDualStack" : "SingleStack",
      ports: ports.map((p) => ({
        ...(cluster.portName(p) !== "" && { name: cluster.portName(p) }),
        protocol: protocolName(cluster.protocol[p]!).toUpperCase(),
        port: cluster.port[p],
        ...(cluster.nodePort[p] !== 0 && { nodePort: cluster.nodePort[p] }),
      })),
      sessionAffinity: seconds > 0 ? "ClientIP" : "None",
      ...(seconds > 0 && { sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } }),
      internalTrafficPolicy: cluster.internalLocal[s] ? "Local" : "Cluster",
      ...(isExternal && { externalTrafficPolicy: cluster.externalLocal[s] ? "Local" : "Cluster" }),
      ...(externalIps.length > 0 && { externalIPs: externalIps }),
      ...(cluster.healthCheckNodePort[s] !== 0 && { healthCheckNodePort: cluster.healthCheckNodePort[s] }),
      ...(type === LOAD_BALANCER && {
        allocateLoadBalancerNodePorts: ports.some((p) => cluster.nodePort[p] !== 0),
        ...(ranges.length > 0 && { loadBalancerSourceRanges: ranges }),
      }),
    },
    ...(type === LOAD_BALANCER && {
      status: { loadBalancer: { ingress: ingress(externals(isIngressIp), name) } },
    }),
  };
}

function familyName({ network }: Cluster): string {
  return `IPv${familyOf(network)}`;
}

/** A load balancer without an address in the rules answers by a host name. */
function ingress(addresses: readonly string[], name: string): object[] {
  if (addresses.length === 0) return [{ hostname: `${name}.invalid` }];
  return addresses.map((ip) => ({ ip, ipMode: "VIP" }));
}

/** Slices of each port, because each has endpoints of its own; a slice has one target port. */
function sliceObjects(
  parts: readonly [Part, Part?],
  namespace: string,
  service: string,
  size: number,
): ApiObject[] {
  const slices: ApiObject[] = [];
  const add = (
    cluster: Cluster,
    p: number,
    port: number,
    endpoints: readonly number[],
    isHinted: boolean,
  ): void => {
    const number = slices.length.toString(36);
    slices.push({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${service}-${number}`,
        namespace,
        labels: { "kubernetes.io/service-name": service },
      },
      addressType: familyName(cluster),
      ports: [
        { name: cluster.portName(p), protocol: protocolName(cluster.protocol[p]!).toUpperCase(), port },
      ],
      endpoints: endpoints.map((e) => ({
        addresses: [addressText(cluster.network, cluster.endpointAddress[e]!)],
        ...statusOf(cluster.endpointLocal[e]!, isHinted),
      })),
    });
  };
  for (const { cluster, s } of parts.filter((part) => part !== undefined)) {
    for (const p of rows(cluster.portStart, s)) {
      const local = rows(cluster.endpointStart, p).map((e) => cluster.endpointLocal[e]!);
      // Next to ready ones of this node, those that serve policy Local only are ready too: hints keep them from policy Cluster.
      const isHinted = local.includes(LOCAL) && local.includes(LOCAL_POLICY_ONLY);
      const byPort = new Map<number, number[]>();
      for (const e of rows(cluster.endpointStart, p)) {
        const port = cluster.endpointPort[e]!;
        const members = byPort.get(port);
        if (members) members.push(e);
        else byPort.set(port, [e]);
      }
      for (const [port, members] of byPort) {
        for (let first = 0; first < members.length; first += size) {
          add(cluster, p, port, members.slice(first, first + size), isHinted);
        }
      }
    }
  }
  return slices;
}

/** What a slice says of an endpoint, by its `endpointLocal`. */
function statusOf(local: number, isHinted: boolean): object {
  const isForCluster = servesPolicyCluster(local);
  return {
    conditions:
      isForCluster || isHinted
        ? { ready: true, serving: true, terminating: false }
        : { ready: false, serving: true, terminating: true },
    nodeName: servesPolicyLocal(local) ? THIS_NODE : OTHER_NODE,
    ...(isHinted && { hints: { forNodes: [{ name: isForCluster ? THIS_NODE : OTHER_NODE }] } }),
  };
}

function rows(start: Uint32Array, owner: number): number[] {
  return Array.from({ length: start[owner + 1]! - start[owner]! }, (_, i) => start[owner]! + i);
}

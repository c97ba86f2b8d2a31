/** A cluster as Kubernetes objects: Services, and EndpointSlices as their controller writes them. */

import {
  CLUSTER_IP,
  type Cluster,
  EXTERNAL_IP,
  formatAddress,
  formatCidr,
  INGRESS_IP,
  LOAD_BALANCER,
  LOCAL,
  LOCAL_POLICY_ONLY,
  protocolName,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../cluster/cluster.js";
import { refuseUnsafeNames } from "../cluster/safe-names.js";
import { apiName, validateAgainstApiRules } from "./api-rules.js";
import { OTHER_NODE, THIS_NODE } from "./exported-nodes.js";

/** The controller's `--max-endpoints-per-slice`. */
const ENDPOINTS_PER_SLICE = 100;
const TYPES = ["ClusterIP", "NodePort", "LoadBalancer"] as const;

/** A v1 List as JSON, an object a line, in chunks. Throws NotRepresentableError for what the API server would refuse. */
export function* kubernetesList(cluster: Cluster): Iterable<string> {
  refuseUnsafeNames(cluster);
  validateAgainstApiRules(cluster);
  yield '{"apiVersion":"v1","kind":"List","items":[';
  for (let s = 0; s < cluster.services; s++) {
    const [namespace, name] = apiName(cluster, s);
    const objects = [
      serviceObject(cluster, s, namespace, name),
      ...sliceObjects(cluster, s, namespace, name),
    ];
    yield `${s === 0 ? "" : ","}\n${objects.map((object) => JSON.stringify(object)).join(",\n")}`;
  }
  yield "\n]}\n";
}

function serviceObject(cluster: Cluster, s: number, namespace: string, name: string): object {
  const externals = (kind: number) =>
    rows(cluster.externalStart, s)
      .filter((x) => cluster.externalKind[x] === kind)
      .map((x) => formatAddress(cluster.externalAddress[x]!));
  const type = cluster.serviceType[s]!;
  const ports = rows(cluster.portStart, s);
  const externalIps = externals(EXTERNAL_IP);
  const ranges = rows(cluster.rangeStart, s).map((r) =>
    formatCidr({ base: cluster.rangeBase[r]!, prefixLength: cluster.rangePrefixLength[r]! }),
  );
  const seconds = cluster.affinitySeconds[s]!;
  const clusterIp = formatAddress(cluster.clusterIp[s]!);
  const isExternal = type !== CLUSTER_IP || externalIps.length > 0;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: {
      type: TYPES[type],
      clusterIP: clusterIp,
      clusterIPs: [clusterIp],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
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
      status: { loadBalancer: { ingress: ingress(externals(INGRESS_IP), name) } },
    }),
  };
}

/** A load balancer without an address in the rules answers by a host name. */
function ingress(addresses: readonly string[], name: string): object[] {
  if (addresses.length === 0) return [{ hostname: `${name}.invalid` }];
  return addresses.map((ip) => ({ ip, ipMode: "VIP" }));
}

/** Slices of each port, because each has endpoints of its own; a slice has one target port. */
function sliceObjects(cluster: Cluster, s: number, namespace: string, service: string): object[] {
  const slices: object[] = [];
  const add = (p: number, port: number, endpoints: readonly number[], isHinted: boolean): void => {
    const number = slices.length.toString(36);
    slices.push({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${service}-${number}`,
        namespace,
        labels: { "kubernetes.io/service-name": service },
      },
      addressType: "IPv4",
      ports: [
        { name: cluster.portName(p), protocol: protocolName(cluster.protocol[p]!).toUpperCase(), port },
      ],
      endpoints: endpoints.map((e) => ({
        addresses: [formatAddress(cluster.endpointAddress[e]!)],
        ...statusOf(cluster.endpointLocal[e]!, isHinted),
      })),
    });
  };
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
      for (let first = 0; first < members.length; first += ENDPOINTS_PER_SLICE) {
        add(p, port, members.slice(first, first + ENDPOINTS_PER_SLICE), isHinted);
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

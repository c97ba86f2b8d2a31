/** kube-proxy's predicates on a service-port (pkg/proxy/serviceport.go and topology.go), which decide its chains. */

import {
  type Cluster,
  isIngressIp,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../../../cluster/cluster.js";
import { hasSourceRanges } from "../../shared/kube-proxy.js";

export interface ServicePortFacts {
  /** Endpoints of policy Cluster, and of policy Local. */
  count: number;
  localCount: number;
  /** Reachable from outside: NodePort, external or load-balancer address. */
  external: boolean;
  /** The cluster IP leads somewhere: false under internal policy Local without a local endpoint. */
  hasInternalEndpoints: boolean;
  usesClusterChain: boolean;
  usesLocalChain: boolean;
  usesExternalChain: boolean;
  /** A load-balancer address is closed to sources outside of ranges. */
  usesFirewallChain: boolean;
}

const facts: ServicePortFacts = {
  count: 0,
  localCount: 0,
  external: false,
  hasInternalEndpoints: false,
  usesClusterChain: false,
  usesLocalChain: false,
  usesExternalChain: false,
  usesFirewallChain: false,
};

/** The predicates of one service-port. Returns one reused object: read it before the next call. */
export function servicePortFacts(cluster: Cluster, p: number): Readonly<ServicePortFacts> {
  const s = cluster.service[p]!;
  const first = cluster.endpointStart[p]!;
  const end = cluster.endpointStart[p + 1]!;
  let count = 0;
  let localCount = 0;
  for (let e = first; e < end; e++) {
    count += Number(servesPolicyCluster(cluster.endpointLocal[e]!));
    localCount += Number(servesPolicyLocal(cluster.endpointLocal[e]!));
  }
  const internalLocal = cluster.internalLocal[s] === 1;
  const externalLocal = cluster.externalLocal[s] === 1;
  facts.count = count;
  facts.localCount = localCount;
  facts.external = cluster.nodePort[p] !== 0 || cluster.externalStart[s] !== cluster.externalStart[s + 1];
  facts.usesFirewallChain = facts.count > 0 && hasIngress(cluster, s) && hasSourceRanges(cluster, s);
  facts.hasInternalEndpoints = internalLocal ? localCount > 0 : facts.count > 0;
  // External traffic needs all endpoints even under policy Local: pods and the node are short-circuited to them.
  facts.usesClusterChain = facts.count > 0 && (!internalLocal || facts.external);
  facts.usesLocalChain = localCount > 0 && (internalLocal || (externalLocal && facts.external));
  facts.usesExternalChain = facts.count > 0 && facts.external;
  return facts;
}

function hasIngress({ externalStart, externalKind }: Cluster, service: number): boolean {
  for (let x = externalStart[service]!; x < externalStart[service + 1]!; x++) {
    if (isIngressIp(externalKind[x]!)) return true;
  }
  return false;
}

/** Whether a service-port's chain leads to an endpoint (allReachableEndpoints). */
export function isReached(
  { endpointLocal }: Cluster,
  endpoint: number,
  { usesClusterChain, usesLocalChain }: Readonly<ServicePortFacts>,
): boolean {
  const local = endpointLocal[endpoint]!;
  return (usesClusterChain && servesPolicyCluster(local)) || (usesLocalChain && servesPolicyLocal(local));
}

/** kube-proxy's nftables maps and chains as data (pkg/proxy/nftables/proxier.go, syncProxyRules). */

import {
  type Cluster,
  isIngressIp,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../../../cluster/cluster.js";
import { DROP, REJECT } from "../../plane.js";
import { Int32Vector } from "../../shared/int32-vector.js";
import { hasSourceRanges } from "../../shared/kube-proxy.js";
import { KIND_MAP, KIND_SERVICE, KIND_SINGLE, KIND_UNTESTED } from "../layout.js";
import type { NftLayout } from "../version.js";

/** Entries of maps whose value is a chain or a verdict, as flat columns. */
export interface MapContents {
  /** address, protocol, port, service-port, and 1 for the external chain: five words. */
  readonly serviceIps: Int32Vector;
  /** protocol, port, service-port. */
  readonly nodePorts: Int32Vector;
  /** address, protocol, port, service. */
  readonly firewallIps: Int32Vector;
  /** address, protocol, port, verdict, service-port. */
  readonly noEndpointServices: Int32Vector;
  /** protocol, port, verdict, service-port. */
  readonly noEndpointNodePorts: Int32Vector;
  /** address, protocol, port, service, of this node's endpoints; repeated where service-ports share one. Empty up to 1.35. */
  readonly hairpins: Int32Vector;
}

export interface EndpointUse {
  /** Those of policy Cluster, and those of policy Local. */
  readonly count: number;
  readonly localCount: number;
  readonly external: boolean;
  readonly usesService: boolean;
  readonly usesLocal: boolean;
  readonly usesExternal: boolean;
  /** A load-balancer address is closed to sources outside of ranges, endpoints or not. */
  readonly usesFirewall: boolean;
}

/** Which chains a service-port needs. */
export function chainsOf(cluster: Cluster, p: number): EndpointUse {
  const s = cluster.service[p]!;
  const first = cluster.endpointStart[p]!;
  const end = cluster.endpointStart[p + 1]!;
  let count = 0;
  let localCount = 0;
  for (let e = first; e < end; e++) {
    count += Number(servesPolicyCluster(cluster.endpointLocal[e]!));
    localCount += Number(servesPolicyLocal(cluster.endpointLocal[e]!));
  }
  const external = cluster.nodePort[p] !== 0 || cluster.externalStart[s] !== cluster.externalStart[s + 1];
  const internalLocal = cluster.internalLocal[s] === 1;
  const externalLocal = external && cluster.externalLocal[s] === 1;
  return {
    count,
    localCount,
    external,
    usesService: count > 0 && (!internalLocal || external),
    usesLocal: localCount > 0 && (internalLocal || externalLocal),
    usesExternal: count > 0 && external,
    usesFirewall: hasIngress(cluster, s) && hasSourceRanges(cluster, s),
  };
}

/** Whether a service-port's chain leads to an endpoint (allReachableEndpoints). */
export function isReached(
  { endpointLocal }: Cluster,
  endpoint: number,
  { usesService, usesLocal }: EndpointUse,
): boolean {
  const local = endpointLocal[endpoint]!;
  return (usesService && servesPolicyCluster(local)) || (usesLocal && servesPolicyLocal(local));
}

function hasIngress({ externalStart, externalKind }: Cluster, service: number): boolean {
  for (let x = externalStart[service]!; x < externalStart[service + 1]!; x++) {
    if (isIngressIp(externalKind[x]!)) return true;
  }
  return false;
}

/**
 * Kind of a service-port's service or local chain. kube-proxy writes the masquerade test only where the cluster IP leads
 * to (proxier.go, internalTrafficChain): what comes through the external chain was marked there.
 */
export function policyChainKind(cluster: Cluster, p: number, isLocal: boolean): number {
  const isInternal = isLocal === (cluster.internalLocal[cluster.service[p]!] === 1);
  return isInternal ? KIND_SERVICE : KIND_UNTESTED;
}

/** Kind of a service or local chain that leads to `count` endpoints. */
export function balancingKind(
  cluster: Cluster,
  p: number,
  { isLocal, count }: { readonly isLocal: boolean; readonly count: number },
  layout: NftLayout,
): number {
  if (layout.hasEndpointChains)
    return layout.marksClusterIps ? policyChainKind(cluster, p, isLocal) : KIND_UNTESTED;
  if (cluster.affinitySeconds[cluster.service[p]!]! > 0) return KIND_UNTESTED;
  return count === 1 && layout.dnatsSingleEndpoint ? KIND_SINGLE : KIND_MAP;
}

/** Whether a service-port's endpoints have chains of their own. */
export function hasEndpointChains(cluster: Cluster, p: number, layout: NftLayout): boolean {
  return layout.hasEndpointChains || cluster.affinitySeconds[cluster.service[p]!]! > 0;
}

/** The maps of a cluster, and the hairpin set. */
export function listMaps(cluster: Cluster, layout: NftLayout): MapContents {
  const maps: MapContents = {
    serviceIps: new Int32Vector(cluster.servicePorts * 5),
    nodePorts: new Int32Vector(),
    firewallIps: new Int32Vector(),
    noEndpointServices: new Int32Vector(),
    noEndpointNodePorts: new Int32Vector(),
    hairpins: new Int32Vector(),
  };
  for (let p = 0; p < cluster.servicePorts; p++) {
    const s = cluster.service[p]!;
    const protocol = cluster.protocol[p]!;
    const port = cluster.port[p]!;
    const chains = chainsOf(cluster, p);
    const { count, localCount, usesFirewall } = chains;
    if (count > 0 && !(cluster.internalLocal[s] && localCount === 0)) {
      push(maps.serviceIps, cluster.clusterIp[s]!, protocol, port, p, 0);
    } else {
      push(maps.noEndpointServices, cluster.clusterIp[s]!, protocol, port, count === 0 ? REJECT : DROP, p);
    }
    // Under policy Local without a local endpoint, pods and the node still pass the external chain; the rest is dropped.
    const refusal = count === 0 ? REJECT : cluster.externalLocal[s] && localCount === 0 ? DROP : 0;
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      const address = cluster.externalAddress[x]!;
      if (count > 0) push(maps.serviceIps, address, protocol, port, p, 1);
      if (refusal !== 0) push(maps.noEndpointServices, address, protocol, port, refusal, p);
      if (usesFirewall && isIngressIp(cluster.externalKind[x]!))
        push(maps.firewallIps, address, protocol, port, s);
    }
    if (!layout.hasEndpointChains) {
      for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
        if (!servesPolicyLocal(cluster.endpointLocal[e]!) || !isReached(cluster, e, chains)) continue;
        push(maps.hairpins, cluster.endpointAddress[e]!, protocol, cluster.endpointPort[e]!, s);
      }
    }
    if (cluster.nodePort[p] === 0) continue;
    if (count > 0) push(maps.nodePorts, protocol, cluster.nodePort[p]!, p);
    if (refusal !== 0) push(maps.noEndpointNodePorts, protocol, cluster.nodePort[p]!, refusal, p);
  }
  return maps;
}

function push(vector: Int32Vector, ...words: number[]): void {
  for (const word of words) vector.push(word);
}

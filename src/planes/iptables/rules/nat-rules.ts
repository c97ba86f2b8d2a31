/** The nat table that kube-proxy writes (pkg/proxy/iptables/proxier.go, syncProxyRules), as rules. */

import {
  type Cidr,
  type Cluster,
  isExternalIp,
  isIngressIp,
  type Network,
  servesPolicyCluster,
  servesPolicyLocal,
} from "../../../cluster/cluster.js";
import { familyOf } from "../../../cluster/family.js";
import {
  endpointRows,
  type KubeProxySettings,
  masqueradesClusterIps,
  nodePortAddresses,
} from "../../shared/kube-proxy.js";
import { emitExternalChain, emitFirewallChain } from "./external-rules.js";
import { pickThreshold, type Rule, type RuleSink, RuleWriter } from "./rules.js";
import { isReached, servicePortFacts } from "./service-port.js";

/** Above this many endpoints kube-proxy is in its large-cluster mode (proxier.go, largeClusterEndpointsThreshold). */
export const LARGE_CLUSTER_ENDPOINTS = 1000;

/**
 * Whether kube-proxy drops comments from the per-endpoint rules, and lets stale chains stay. It counts what it knows of the
 * Services' endpoints, used or not (proxier.go, totalEndpoints).
 */
export function isLargeCluster({ endpoints, idleEndpoints }: Cluster): boolean {
  return endpoints + idleEndpoints > LARGE_CLUSTER_ENDPOINTS;
}

export interface RuleOrder {
  /** Service-ports in the order of KUBE-SERVICES. */
  readonly services: Uint32Array;
  /** Service-ports and endpoints in the order their chains lie in the table. */
  readonly serviceChains: Uint32Array;
  readonly endpointChains: Uint32Array;
  /** The service-port behind each of `endpointChains`. */
  readonly endpointPorts: Uint32Array;
}

/** The loopback network, at which NodePorts of IPv4 answer unless configured otherwise: 127/8, or ::1. */
export function loopbackOf(network: Network): Cidr {
  return familyOf(network) === 4
    ? { base: 0x7f000000, prefixLength: 8 }
    : { base: LOOPBACK_NUMBER, prefixLength: 32 };
}

/** What stands for ::1 (src/cluster/plan-addresses.ts). */
const LOOPBACK_NUMBER = 0x7f000001;

/** Whether NodePorts answer at 127/8 (proxier.go: only where they answer at every address). */
export function servesLocalhost(cluster: Cluster, settings: KubeProxySettings): boolean {
  return (
    settings.localhostNodePorts && nodePortAddresses(cluster.network, settings.nodePortAddresses) === null
  );
}

/** Emits the nat table, chain by chain. */
export function emitNatRules(
  cluster: Cluster,
  settings: KubeProxySettings,
  order: RuleOrder,
  sink: RuleSink,
): void {
  const writer = new RuleWriter(sink);
  // The hook jumps carry a comment ("kubernetes service portals").
  const hook = (chain: "PREROUTING" | "OUTPUT" | "POSTROUTING", to: "KUBE-SERVICES" | "KUBE-POSTROUTING") => {
    writer.chain(chain);
    writer.begin(true);
    writer.jump(to);
  };
  hook("PREROUTING", "KUBE-SERVICES");
  writer.chain("INPUT");
  hook("OUTPUT", "KUBE-SERVICES");
  hook("POSTROUTING", "KUBE-POSTROUTING");

  // libiptc keeps user chains sorted by name, so EXT comes before FW … before SVL, and hashes make the rest random.
  forChains(order, (p) => emitExternalChain(writer, cluster, settings, p));
  forChains(order, (p) => emitFirewallChain(writer, cluster, p));
  writer.chain("KUBE-MARK-MASQ");
  writer.begin(false);
  writer.emit("mark-masq");
  emitNodePorts(writer, cluster, settings, order);
  writer.chain("KUBE-POSTROUTING");
  writer.begin(false).mark = "unset";
  writer.emit("return");
  writer.begin(false);
  writer.emit("unmark");
  writer.begin(true);
  writer.emit("masquerade");
  writer.chain("KUBE-PROXY-CANARY");
  emitEndpointChains(writer, cluster, order);
  emitServices(writer, cluster, settings, order);
  forChains(order, (p) => {
    const facts = servicePortFacts(cluster, p);
    if (facts.usesClusterChain) emitPolicyChain(writer, cluster, settings, p, "KUBE-SVC");
  });
  forChains(order, (p) => {
    const facts = servicePortFacts(cluster, p);
    if (facts.usesLocalChain) emitPolicyChain(writer, cluster, settings, p, "KUBE-SVL");
  });
}

function forChains(order: RuleOrder, emit: (servicePort: number) => void): void {
  for (const servicePort of order.serviceChains) emit(servicePort);
}

/** Begins `-p tcp -d ADDRESS/32 --dport PORT`, with a comment. */
function beginFrontend(writer: RuleWriter, cluster: Cluster, servicePort: number, dst: number): Rule {
  const rule = writer.begin(true);
  rule.protocol = cluster.protocol[servicePort]!;
  rule.dst = dst;
  rule.dstPrefixLength = 32;
  rule.dport = cluster.port[servicePort]!;
  return rule;
}

function emitServices(
  writer: RuleWriter,
  cluster: Cluster,
  settings: KubeProxySettings,
  order: RuleOrder,
): void {
  writer.chain("KUBE-SERVICES");
  for (const p of order.services) {
    const facts = servicePortFacts(cluster, p);
    const s = cluster.service[p]!;
    const { count, usesFirewallChain } = facts;
    if (facts.hasInternalEndpoints) {
      beginFrontend(writer, cluster, p, cluster.clusterIp[s]!);
      writer.jump(cluster.internalLocal[s] ? "KUBE-SVL" : "KUBE-SVC", p);
    }
    if (count === 0) continue;
    for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
      const address = cluster.externalAddress[x]!;
      const kind = cluster.externalKind[x]!;
      // An address of both kinds has a rule for each, of which packets meet the first: it knows no source ranges.
      if (isExternalIp(kind)) {
        beginFrontend(writer, cluster, p, address);
        writer.jump("KUBE-EXT", p);
      }
      if (isIngressIp(kind)) {
        beginFrontend(writer, cluster, p, address).isIngress = true;
        writer.jump(usesFirewallChain ? "KUBE-FW" : "KUBE-EXT", p);
      }
    }
  }
  const addresses = nodePortAddresses(cluster.network, settings.nodePortAddresses);
  if (addresses === null) {
    const last = writer.begin(true);
    last.addrtype = "dst-local";
    if (!settings.localhostNodePorts) {
      const loopback = loopbackOf(cluster.network);
      last.dst = loopback.base;
      last.dstPrefixLength = loopback.prefixLength;
      last.dstInvert = true;
    }
    writer.jump("KUBE-NODEPORTS");
    return;
  }
  for (const address of addresses) {
    const last = writer.begin(true);
    last.dst = address;
    last.dstPrefixLength = 32;
    writer.jump("KUBE-NODEPORTS");
  }
}

/** Rules that KUBE-SERVICES holds for a service-port, as `emitServices` writes them. */
export function frontendRules(cluster: Cluster, p: number): number {
  const { hasInternalEndpoints, count } = servicePortFacts(cluster, p);
  const s = cluster.service[p]!;
  if (count === 0) return Number(hasInternalEndpoints);
  let rules = Number(hasInternalEndpoints);
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    const kind = cluster.externalKind[x]!;
    rules += Number(isExternalIp(kind)) + Number(isIngressIp(kind));
  }
  return rules;
}

function emitNodePorts(
  writer: RuleWriter,
  cluster: Cluster,
  settings: KubeProxySettings,
  order: RuleOrder,
): void {
  writer.chain("KUBE-NODEPORTS");
  const countsLocalhost = settings.nfacct && servesLocalhost(cluster, settings);
  const begin = (p: number): Rule => {
    const rule = writer.begin(true);
    rule.protocol = cluster.protocol[p]!;
    rule.dport = cluster.nodePort[p]!;
    return rule;
  };
  for (const p of order.services) {
    if (cluster.nodePort[p] === 0 || servicePortFacts(cluster, p).count === 0) continue;
    if (countsLocalhost) {
      const counted = begin(p);
      const loopback = loopbackOf(cluster.network);
      counted.dst = loopback.base;
      counted.dstPrefixLength = loopback.prefixLength;
      counted.nfacct = true;
      writer.jump("KUBE-EXT", p);
    }
    begin(p);
    writer.jump("KUBE-EXT", p);
  }
}

/** SVC or SVL: masquerade what comes from outside the pod range to the cluster IP, then choose by affinity, then by chance. */
function emitPolicyChain(
  writer: RuleWriter,
  cluster: Cluster,
  settings: KubeProxySettings,
  p: number,
  kind: "KUBE-SVC" | "KUBE-SVL",
): void {
  const s = cluster.service[p]!;
  const { podCidr } = cluster.network;
  writer.chain(kind, p);
  const isClusterIpChain = kind === (cluster.internalLocal[s] === 1 ? "KUBE-SVL" : "KUBE-SVC");
  if (isClusterIpChain && masqueradesClusterIps(settings)) {
    const test = beginFrontend(writer, cluster, p, cluster.clusterIp[s]!);
    if (!settings.masqueradeAll) {
      test.src = podCidr.base;
      test.srcPrefixLength = podCidr.prefixLength;
      test.srcInvert = true;
    }
    writer.jump("KUBE-MARK-MASQ");
  }
  const comment = !isLargeCluster(cluster);
  const rows = endpointRows(cluster, p).filter((e) =>
    (kind === "KUBE-SVC" ? servesPolicyCluster : servesPolicyLocal)(cluster.endpointLocal[e]!),
  );
  const seconds = cluster.affinitySeconds[s]!;
  if (seconds > 0) {
    for (const e of rows) {
      const rule = writer.begin(comment);
      rule.recent = "check";
      rule.recentEndpoint = e;
      rule.recentSeconds = seconds;
      writer.jump("KUBE-SEP", e);
    }
  }
  for (const [i, e] of rows.entries()) {
    const remaining = rows.length - i;
    writer.begin(comment).threshold = remaining > 1 ? pickThreshold(remaining) : -1;
    writer.jump("KUBE-SEP", e);
  }
}

/** SEP: hairpin test, then DNAT, remembering the client where affinity wants it. */
function emitEndpointChains(writer: RuleWriter, cluster: Cluster, order: RuleOrder): void {
  const comment = !isLargeCluster(cluster);
  for (const [at, e] of order.endpointChains.entries()) {
    const p = order.endpointPorts[at]!;
    if (!isReached(cluster, e, servicePortFacts(cluster, p))) continue;
    writer.chain("KUBE-SEP", e);
    const hairpin = writer.begin(comment);
    hairpin.src = cluster.endpointAddress[e]!;
    hairpin.srcPrefixLength = 32;
    writer.jump("KUBE-MARK-MASQ");
    const sticky = cluster.affinitySeconds[cluster.service[p]!]! > 0;
    const rule = writer.begin(comment);
    rule.protocol = cluster.protocol[p]!;
    // `-p tcp -m tcp` without ports: 48 bytes of match that is always true.
    rule.dport = 0;
    rule.recent = sticky ? "set" : "none";
    rule.recentEndpoint = e;
    rule.endpoint = e;
    writer.emit("dnat");
  }
}

/** Endpoint → its service-port. */
export function endpointOwners(cluster: Cluster): Uint32Array {
  const owners = new Uint32Array(cluster.endpoints);
  for (let p = 0; p < cluster.servicePorts; p++) {
    owners.fill(p, cluster.endpointStart[p]!, cluster.endpointStart[p + 1]!);
  }
  return owners;
}

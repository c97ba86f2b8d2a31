/** The filter table's part in a decision: who is rejected and who is dropped (pkg/proxy/iptables/proxier.go). */

import { type Cluster, isExternalIp, isIngressIp, TCP } from "../../../cluster/cluster.js";
import type { KubeProxySettings } from "../../shared/kube-proxy.js";
import { loopbackOf, type RuleOrder, servesLocalhost } from "./nat-rules.js";
import { type ChainKind, type RuleSink, RuleWriter, type Target } from "./rules.js";
import { servicePortFacts } from "./service-port.js";

/** Emits the filter table, chain by chain. */
export function emitFilterRules(
  cluster: Cluster,
  settings: KubeProxySettings,
  order: RuleOrder,
  sink: RuleSink,
): void {
  const writer = new RuleWriter(sink);
  const jumpToFirewall = (): void => {
    writer.begin(false);
    writer.jump("KUBE-FIREWALL");
  };
  const jumpIfNew = (kind: ChainKind): void => {
    writer.begin(true).state = "new";
    writer.jump(kind);
  };
  const jump = (kind: ChainKind): void => {
    writer.begin(true);
    writer.jump(kind);
  };
  // Each jump is put in front of those that are there: this is the order that a start on an empty node leaves.
  writer.chain("INPUT");
  jumpToFirewall();
  jumpIfNew("KUBE-PROXY-FIREWALL");
  jump("KUBE-NODEPORTS");
  jumpIfNew("KUBE-EXTERNAL-SERVICES");
  writer.chain("FORWARD");
  jumpIfNew("KUBE-PROXY-FIREWALL");
  jump("KUBE-FORWARD");
  jumpIfNew("KUBE-SERVICES");
  jumpIfNew("KUBE-EXTERNAL-SERVICES");
  writer.chain("OUTPUT");
  jumpToFirewall();
  jumpIfNew("KUBE-PROXY-FIREWALL");
  jumpIfNew("KUBE-SERVICES");

  writer.chain("KUBE-EXTERNAL-SERVICES");
  for (const p of order.services) emitExternalRefusals(writer, cluster, p);
  writer.chain("KUBE-FIREWALL");
  if (servesLocalhost(cluster, settings)) {
    // kube-proxy sets route_localnet for NodePorts at 127/8, which would let neighbours reach the node's loopback services.
    const foreign = writer.begin(true);
    const loopback = loopbackOf(cluster.network);
    foreign.src = loopback.base;
    foreign.srcPrefixLength = loopback.prefixLength;
    foreign.srcInvert = true;
    foreign.dst = loopback.base;
    foreign.dstPrefixLength = loopback.prefixLength;
    foreign.state = "unsolicited";
    writer.emit("drop");
  }
  writer.chain("KUBE-FORWARD");
  const invalid = writer.begin(false);
  invalid.state = "invalid";
  invalid.nfacct = settings.nfacct;
  writer.emit("drop");
  writer.begin(true).mark = "set";
  writer.emit("accept");
  writer.begin(true).state = "established";
  writer.emit("accept");
  writer.chain("KUBE-NODEPORTS");
  for (const p of order.services) {
    const port = cluster.healthCheckNodePort[cluster.service[p]!]!;
    if (port === 0) continue;
    const rule = writer.begin(true);
    rule.protocol = TCP;
    rule.dport = port;
    rule.servicePort = p;
    writer.emit("accept");
  }
  writer.chain("KUBE-PROXY-CANARY");
  writer.chain("KUBE-PROXY-FIREWALL");
  for (const p of order.services) emitFirewallDrops(writer, cluster, p);
  writer.chain("KUBE-SERVICES");
  for (const p of order.services) {
    const facts = servicePortFacts(cluster, p);
    if (facts.hasInternalEndpoints) continue;
    const address = cluster.clusterIp[cluster.service[p]!]!;
    refuse(writer, cluster, p, address, facts.count === 0 ? "reject" : "drop");
  }
}

function refuse(writer: RuleWriter, cluster: Cluster, p: number, dst: number, target: Target): void {
  const rule = writer.begin(true);
  rule.protocol = cluster.protocol[p]!;
  rule.dst = dst;
  rule.dstPrefixLength = 32;
  rule.dport = cluster.port[p]!;
  rule.servicePort = p;
  writer.emit(target);
}

/** REJECT where a service has no endpoint at all; DROP where policy Local leaves none on this node. */
function emitExternalRefusals(writer: RuleWriter, cluster: Cluster, p: number): void {
  const facts = servicePortFacts(cluster, p);
  const s = cluster.service[p]!;
  if (!facts.external) return;
  if (facts.count > 0 && !(cluster.externalLocal[s] && facts.localCount === 0)) return;
  const target: Target = facts.count === 0 ? "reject" : "drop";
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    const kind = cluster.externalKind[x]!;
    if (isExternalIp(kind)) refuse(writer, cluster, p, cluster.externalAddress[x]!, target);
    if (isIngressIp(kind)) refuse(writer, cluster, p, cluster.externalAddress[x]!, target);
  }
  if (cluster.nodePort[p] !== 0) {
    const rule = writer.begin(true);
    rule.addrtype = "dst-local";
    rule.protocol = cluster.protocol[p]!;
    rule.dport = cluster.nodePort[p]!;
    rule.servicePort = p;
    writer.emit(target);
  }
}

function emitFirewallDrops(writer: RuleWriter, cluster: Cluster, p: number): void {
  const facts = servicePortFacts(cluster, p);
  if (!facts.usesFirewallChain) return;
  const s = cluster.service[p]!;
  for (let x = cluster.externalStart[s]!; x < cluster.externalStart[s + 1]!; x++) {
    if (isIngressIp(cluster.externalKind[x]!))
      refuse(writer, cluster, p, cluster.externalAddress[x]!, "drop");
  }
}

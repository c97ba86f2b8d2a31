/** The chains of what comes from outside: EXT, and FW in front of it where a Service has source ranges. */

import type { Cidr, Cluster } from "../../../cluster/cluster.js";
import { ingressSources, type KubeProxySettings, sourceRangesOf } from "../../shared/kube-proxy.js";
import type { RuleWriter } from "./rules.js";
import { servicePortFacts } from "./service-port.js";

/** EXT: what comes from outside. Under policy Local, pods and the node itself still reach every endpoint. */
export function emitExternalChain(
  writer: RuleWriter,
  cluster: Cluster,
  { podDetector }: KubeProxySettings,
  p: number,
): void {
  const facts = servicePortFacts(cluster, p);
  if (!facts.usesExternalChain) return;
  const { podCidr } = cluster.network;
  writer.chain("KUBE-EXT", p);
  const { localCount } = facts;
  if (!cluster.externalLocal[cluster.service[p]!]) {
    writer.begin(true);
    writer.jump("KUBE-MARK-MASQ");
    writer.begin(false);
    writer.jump("KUBE-SVC", p);
    return;
  }
  if (podDetector) {
    const fromPods = writer.begin(true);
    fromPods.src = podCidr.base;
    fromPods.srcPrefixLength = podCidr.prefixLength;
    writer.jump("KUBE-SVC", p);
  }
  writer.begin(true).addrtype = "src-local";
  writer.jump("KUBE-MARK-MASQ");
  writer.begin(true).addrtype = "src-local";
  writer.jump("KUBE-SVC", p);
  if (localCount === 0) return;
  writer.begin(false);
  writer.jump("KUBE-SVL", p);
}

/** FW: sources inside a range go on to EXT; the rest falls through, to be dropped by the filter table. */
export function emitFirewallChain(writer: RuleWriter, cluster: Cluster, p: number): void {
  const facts = servicePortFacts(cluster, p);
  if (!facts.usesFirewallChain) return;
  const s = cluster.service[p]!;
  writer.chain("KUBE-FW", p);
  const sources = ingressSources(cluster, s).map((base): Cidr => ({ base, prefixLength: 32 }));
  for (const { base, prefixLength } of [...sourceRangesOf(cluster, s), ...sources]) {
    const rule = writer.begin(true);
    rule.src = base;
    rule.srcPrefixLength = prefixLength;
    writer.jump("KUBE-EXT", p);
  }
  // Says in words what happens next.
  writer.begin(true);
  writer.emit("none");
}

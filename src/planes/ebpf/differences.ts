/** Where Cilium decides differently from iptables by design: its part of the decision contract (src/planes/contract.ts). */

import type { Expectation, Masquerade } from "../expectation.js";
import { DROP, PASS, REJECT } from "../plane.js";
import type { Situation } from "../situation.js";

export const CILIUM: readonly string[] = ["ebpf", "ebpf-maglev"];

type Asked = Readonly<Situation>;

/** The differences, in the order they apply, on the contract's one expectation and what sets it. */
export function ciliumDifferences(
  expectation: Expectation,
  answer: (verdict: Expectation["verdict"], masquerade?: Masquerade, localOnly?: boolean) => void,
) {
  const external = (s: Asked) => s.destination === "external" || s.destination === "node-port";
  const eastWest = (s: Asked) => s.source !== "outside";
  return [
    {
      name: "cilium-source-ranges-for-outside-only",
      planes: CILIUM,
      because:
        "source ranges are asked about packets that enter the node (nodeport_svc_lb4), not where pods and the node itself send (bpf_sock.c, bpf_lxc.c)",
      when: (s: Asked) => s.outsideServiceRanges && eastWest(s),
      instead: (s: Asked) => (s.count === 0 ? answer(REJECT) : answer("dnat")),
    },
    {
      name: "cilium-cluster-ip-from-outside-drops",
      planes: CILIUM,
      because:
        "a ClusterIP is not routable from outside (DROP_IS_CLUSTER_IP) unless bpf-lb-external-clusterip is set",
      when: (s: Asked) => s.destination === "cluster-ip" && s.source === "outside",
      instead: () => answer(DROP),
    },
    {
      name: "cilium-wrong-port-from-outside-drops",
      planes: CILIUM,
      because: "a wildcard entry per Service address catches what comes from outside; external IPs have none",
      when: (s: Asked) =>
        (s.destination === "cluster-ip-wrong-port" ||
          (s.destination === "external-wrong-port" && s.isIngress && !s.isExternalIp)) &&
        s.source === "outside",
      instead: () => answer(DROP),
    },
    {
      name: "cilium-no-local-endpoint-rejects",
      planes: CILIUM,
      because: "a map entry with no backend answers alike whether none exists or none is local",
      when: (s: Asked) =>
        expectation.verdict === DROP &&
        s.servicePort >= 0 &&
        !s.outOfRange &&
        !(s.destination === "cluster-ip" && s.source === "outside"),
      instead: () => answer(REJECT),
    },
    {
      name: "cilium-node-traffic-keeps-its-source",
      planes: CILIUM,
      because: "traffic of the node to a cluster IP is rewritten where it starts",
      when: (s: Asked) =>
        s.destination === "cluster-ip" && s.source === "node" && expectation.verdict === "dnat",
      instead: () => answer("dnat", "hairpin", expectation.localOnly),
    },
    {
      name: "cilium-internal-scope",
      planes: CILIUM,
      because: "inside the cluster an external address follows the internal policy and keeps its source",
      when: (s: Asked) => external(s) && eastWest(s) && s.count > 0,
      instead: (s: Asked) => {
        if (s.internalLocal && s.localCount === 0) answer(REJECT);
        else answer("dnat", "hairpin", s.internalLocal);
      },
    },
    {
      name: "cilium-external-ip-has-no-internal-scope",
      planes: CILIUM,
      because:
        "where one policy is Local, inside the cluster an external IP is looked up in a scope in which Cilium enters load balancers and NodePorts only",
      when: (s: Asked) =>
        s.destination === "external" && !s.isIngress && eastWest(s) && s.internalLocal !== s.externalLocal,
      instead: () => answer(PASS),
    },
    {
      name: "cilium-source-ranges-cover-external-ips",
      planes: CILIUM,
      because: "source ranges apply to a Service's external IPs, not to its load balancer's addresses alone",
      when: (s: Asked) => s.outsideServiceRanges && !eastWest(s) && (!s.outOfRange || s.isExternalIp),
      instead: () => answer(DROP),
    },
    {
      name: "cilium-masquerades-what-leaves-the-node",
      planes: CILIUM,
      because: "SNAT mode rewrites the source only when the chosen endpoint is on another node",
      when: (s: Asked) => external(s) && !eastWest(s) && expectation.verdict === "dnat" && !s.externalLocal,
      instead: () => answer("dnat", "hairpin-or-leaving-node"),
    },
  ];
}

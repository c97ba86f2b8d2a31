/** Where Calico decides differently from iptables by design: its part of the decision contract (src/planes/contract.ts). */

import type { Expectation, Masquerade } from "../expectation.js";
import { DROP, REJECT } from "../plane.js";
import type { Situation } from "../situation.js";

export const CALICO: readonly string[] = ["calico-ebpf"];

type Asked = Readonly<Situation>;

/** The differences, in the order they apply, on the contract's one expectation and what sets it. */
export function calicoDifferences(
  expectation: Expectation,
  answer: (verdict: Expectation["verdict"], masquerade?: Masquerade, localOnly?: boolean) => void,
) {
  const external = (s: Asked) => s.destination === "external" || s.destination === "node-port";
  return [
    {
      name: "calico-internal-policy-inside-only",
      planes: CALICO,
      because: "policies are told apart by where a packet comes from, and a ClusterIP has no external one",
      when: (s: Asked) => s.destination === "cluster-ip" && s.source === "outside" && s.count > 0,
      instead: () => answer("dnat"),
    },
    {
      name: "calico-external-policy-by-source",
      planes: CALICO,
      because:
        "NodePorts and load balancers follow the internal policy inside and the external one from outside; an external IP follows none",
      when: (s: Asked) => external(s) && s.count > 0 && !s.outOfRange,
      instead: (s: Asked) => {
        // What is both is written as a load balancer's, then over it as an external IP (syncer.go, apply).
        const hasPolicy = s.destination === "node-port" || (s.isIngress && !s.isExternalIp);
        answer("dnat", "hairpin", hasPolicy && (s.source !== "outside" ? s.internalLocal : s.externalLocal));
      },
    },
    {
      name: "calico-no-local-endpoint-rejects",
      planes: CALICO,
      because:
        "a count of no backend answers alike whether none exists or none is local, and terminating ones are in no list",
      when: (s: Asked) =>
        s.servicePort >= 0 &&
        !s.outOfRange &&
        s.readyLocalCount === 0 &&
        (expectation.localOnly || (s.destination === "cluster-ip" && expectation.verdict === DROP)),
      instead: () => answer(REJECT),
    },
    {
      name: "calico-source-ranges-for-external-ips",
      planes: CALICO,
      because: "source ranges are written for external IPs as for addresses of load balancers",
      when: (s: Asked) => s.outsideServiceRanges,
      instead: () => answer(DROP),
    },
    {
      name: "calico-keeps-the-source",
      planes: CALICO,
      because:
        "a packet for another node's endpoint travels in a tunnel, with its source; only a pod that reaches itself is masqueraded",
      when: () => expectation.verdict === "dnat" && expectation.masquerade !== "hairpin",
      instead: () => answer("dnat", "hairpin", expectation.localOnly),
    },
  ];
}

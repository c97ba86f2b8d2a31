/** What options of planes change of the decision contract, which is written for their defaults. */

import { inCidr } from "../cluster/cluster.js";
import { CALICO } from "./calico-ebpf/differences.js";
import type { Expectation, Masquerade } from "./expectation.js";
import { DROP, PASS, type PlaneId, type PlaneOptions, REJECT } from "./plane.js";
import type { Situation } from "./situation.js";

/** A part of the contract under options. */
export interface OptionDifference {
  readonly name: string;
  readonly planes: readonly PlaneId[];
  readonly because: string;
  readonly when: (s: Readonly<Situation>) => boolean;
  readonly instead: (s: Readonly<Situation>) => void;
}

type Answer = (verdict: Expectation["verdict"], masquerade?: Masquerade, localOnly?: boolean) => void;

const BY_RULES: readonly PlaneId[] = ["iptables", "nftables"];

/**
 * Entries of options that were given, in the order they apply, after those of versions and planes but for hairpins.
 * @param expectation What the entries before came to, and what `answer` changes.
 */
export function optionDifferences(
  options: PlaneOptions,
  expectation: Readonly<Expectation>,
  answer: Answer,
): OptionDifference[] {
  const { masqueradeAll = false, podDetector = true, nodePortAddresses: chosen } = options;
  const found: OptionDifference[] = [];
  const toClusterIp = (s: Readonly<Situation>) =>
    s.destination === "cluster-ip" && expectation.verdict === "dnat";
  if (masqueradeAll) {
    found.push({
      name: "masquerade-all",
      planes: [...BY_RULES, "ipvs"],
      because: "--masquerade-all marks every connection to a cluster IP",
      when: toClusterIp,
      instead: () => answer("dnat", "always", expectation.localOnly),
    });
  } else if (!podDetector) {
    found.push({
      name: "no-pod-range",
      planes: [...BY_RULES, "ipvs"],
      because: "without --cluster-cidr nothing says which source is no pod",
      when: toClusterIp,
      instead: () => answer("dnat", "hairpin", expectation.localOnly),
    });
  }
  if (!podDetector) {
    found.push({
      name: "no-pod-range-no-short-circuit",
      planes: BY_RULES,
      because:
        "without --cluster-cidr pods are sent on like anyone outside where the external policy is Local",
      when: (s) => isExternal(s) && s.externalLocal && s.source === "pod" && expectation.verdict === "dnat",
      instead: (s) => (s.localCount === 0 ? answer(DROP) : answer("dnat", "hairpin", true)),
    });
  }
  const isServed = (address: number, isPrimary: boolean) =>
    chosen === "primary"
      ? isPrimary
      : chosen === undefined ||
        chosen.some(
          ({ base, prefixLength }) => typeof base === "number" && inCidr({ base, prefixLength }, address),
        );
  const servesLoopback =
    options.localhostNodePorts !== false &&
    (chosen === undefined || (chosen !== "primary" && chosen.some(({ prefixLength }) => prefixLength === 0)));
  if (!servesLoopback) {
    found.push({
      name: "loopback-is-not-guarded",
      planes: ["iptables"],
      because: "where NodePorts don't answer at 127.0.0.0/8 there is no KUBE-FIREWALL rule for it",
      when: (s) => s.destination === "loopback" || s.destination === "loopback-node-port",
      instead: (s) => (s.destination === "loopback" ? answer(PASS) : answerWithoutNodePort(s, answer)),
    });
  }
  if (chosen !== undefined) {
    found.push({
      name: "nodeport-addresses",
      planes: ["iptables"],
      because:
        "only addresses of --nodeport-addresses lead to KUBE-NODEPORTS; rejects and drops look at none",
      when: (s) => s.destination === "node-port" && !isServed(s.destinationAddress, s.isPrimaryAddress),
      instead: (s) => answerWithoutNodePort(s, answer),
    });
    found.push({
      name: "nodeport-addresses-are-all",
      planes: ["nftables", "ipvs"],
      because: "at other addresses than those of --nodeport-addresses there is no NodePort",
      when: (s) => s.destination === "node-port" && !isServed(s.destinationAddress, s.isPrimaryAddress),
      instead: () => answer(PASS),
    });
  }
  if (options.calicoMaglev) {
    found.push({
      name: "calico-maglev-ignores-policies",
      planes: CALICO,
      because: "a Maglev table is the same on all nodes, so that it holds every endpoint",
      when: (s) =>
        s.source === "outside" &&
        (s.destination === "external" || s.destination === "cluster-ip") &&
        s.hasExternalAddress &&
        s.count > 0 &&
        !s.outsideServiceRanges,
      instead: () => answer("dnat"),
    });
  }
  return found;
}

function isExternal({ destination }: Readonly<Situation>): boolean {
  return destination === "external" || destination === "node-port" || destination === "loopback-node-port";
}

/** KUBE-EXTERNAL-SERVICES refuses a NodePort at any local address. */
function answerWithoutNodePort(s: Readonly<Situation>, answer: Answer): void {
  if (s.count === 0) answer(REJECT);
  else answer(s.externalLocal && s.localCount === 0 ? DROP : PASS);
}

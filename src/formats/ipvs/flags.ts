/** Flags of kube-proxy as the iptables rules of IPVS mode show them (pkg/proxy/ipvs/proxier.go, writeIptablesRules). */

import type { AddressPlan } from "../../cluster/address-plan.js";
import type { Cidr } from "../../cluster/cluster.js";
import type { Family } from "../../cluster/family.js";
import { type Cidr6, parseCidr6 } from "../../cluster/ipv6.js";
import type { ImportedFlags } from "../../planes/imported-options.js";
import { countForeign } from "../iptables/chains.js";
import { lines } from "../iptables/save.js";
import { parseTables } from "../iptables/tables.js";
import type { RecognisedText } from "../recognise.js";

/** `-A KUBE-SERVICES ! -s 10.244.0.0/16 … --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ`. */
const TEST =
  /^-A KUBE-SERVICES (?:! -[si] (\S+) )?.*--match-set KUBE-(6-)?CLUSTER-IP (dst|src),dst -j KUBE-MARK-MASQ$/;

/** What iptables holds next to IPVS: the pod range that the rules know, and how many are neither kube-proxy's nor kubelet's. */
export function readRules(
  texts: readonly RecognisedText[],
  plan: AddressPlan | undefined,
): { readonly podCidr: Cidr | undefined; readonly foreign: number } {
  if (texts.length === 0) return { podCidr: undefined, foreign: 0 };
  const { nat, filter, otherRules } = parseTables(texts, plan).tables;
  const rules = nat.get("KUBE-SERVICES")?.rules ?? [];
  // `! -s 10.244.0.0/16 … --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ`.
  const test = rules.find(({ srcInvert, target }) => srcInvert && target === "KUBE-MARK-MASQ");
  return { podCidr: test?.src ?? undefined, foreign: countForeign(nat) + countForeign(filter) + otherRules };
}

/** What differs from the defaults. */
export function flagsOfIpvsRules(texts: readonly RecognisedText[], family: Family): ImportedFlags {
  for (const test of testsOf(texts, family)) {
    if (test[1] !== undefined) continue;
    // Without a pod range it is what comes from a cluster IP that is marked.
    return test[3] === "src" ? { podDetector: "none" } : { masqueradeAll: "true" };
  }
  return {};
}

/** The pod range of IPv6 that the rules know. */
export function podRange6Of(texts: readonly RecognisedText[]): Cidr6 | undefined {
  for (const [, range = ""] of testsOf(texts, 6)) {
    const cidr = parseCidr6(range);
    if (cidr) return cidr;
  }
  return undefined;
}

function* testsOf(texts: readonly RecognisedText[], family: Family): Iterable<RegExpExecArray> {
  for (const { text } of texts) {
    for (const line of lines(text)) {
      const test = TEST.exec(line.trimEnd());
      if (test && (test[2] === undefined ? 4 : 6) === family) yield test;
    }
  }
}

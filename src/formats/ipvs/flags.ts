/** Flags of kube-proxy as the iptables rules of IPVS mode show them (pkg/proxy/ipvs/proxier.go, writeIptablesRules). */

import type { ImportedFlags } from "../../planes/imported-options.js";
import { lines } from "../iptables/save.js";
import type { RecognisedText } from "../recognise.js";

/** `-A KUBE-SERVICES ! -s 10.244.0.0/16 … --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ`. */
const TEST = /^-A KUBE-SERVICES (! -s |! -i )?.*--match-set KUBE-CLUSTER-IP (dst|src),dst -j KUBE-MARK-MASQ$/;

/** What differs from the defaults. */
export function flagsOfIpvsRules(texts: readonly RecognisedText[]): ImportedFlags {
  for (const { text } of texts) {
    for (const line of lines(text)) {
      const test = TEST.exec(line.trimEnd());
      if (test === null || test[1] !== undefined) continue;
      // Without a pod range it is what comes from a cluster IP that is marked.
      return test[2] === "src" ? { podDetector: "none" } : { masqueradeAll: "true" };
    }
  }
  return {};
}

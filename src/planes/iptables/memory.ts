/** The nat table's bytes by what they are for. */

import type { MemoryLine } from "../plane.js";
import { BASE_CHAINS } from "./blob.js";
import { type EntrySizes, ruleBytes } from "./layout.js";
import type { ChainKind, RuleSink } from "./rules/rules.js";

const PARTS: Partial<Record<ChainKind, string>> = {
  "KUBE-SERVICES": "KUBE-SERVICES: a rule a frontend",
  "KUBE-NODEPORTS": "KUBE-NODEPORTS: a rule a NodePort, and one that counts",
  "KUBE-SVC": "KUBE-SVC and KUBE-SVL chains: a rule an endpoint",
  "KUBE-SVL": "KUBE-SVC and KUBE-SVL chains: a rule an endpoint",
  "KUBE-EXT": "KUBE-EXT and KUBE-FW chains",
  "KUBE-FW": "KUBE-EXT and KUBE-FW chains",
  "KUBE-SEP": "KUBE-SEP chains: two rules an endpoint",
};
const REST = "base chains, KUBE-POSTROUTING, KUBE-MARK-MASQ, the canary, end of the table";

/**
 * A line for each part of the table. The bytes are those that a running kernel reports (IPT_SO_GET_INFO; a test asks it):
 * only a node's own list can hold rules with a match of unknown size.
 */
export function tableMemory(emit: (sink: RuleSink) => void, sizes: EntrySizes): readonly MemoryLine[] {
  const lines = new Map<string, MemoryLine>();
  const add = (part: string, bytes: number, known: MemoryLine["known"]): void => {
    const what = known === "exact" ? part : `${part} (with a match that is not known)`;
    lines.set(what, { what, known, bytes: (lines.get(what)?.bytes ?? 0) + bytes });
  };
  let part = REST;
  emit({
    chain(kind) {
      part = PARTS[kind] ?? REST;
      add(part, sizes.chainTail + (BASE_CHAINS.includes(kind) ? 0 : sizes.chainHead), "exact");
    },
    rule(rule) {
      add(part, ruleBytes(rule, sizes), rule.unsupported ? "derived" : "exact");
    },
  });
  // The table ends in an ERROR entry, of the size of a chain's head.
  add(REST, sizes.chainHead, "exact");
  return [...lines.values()];
}

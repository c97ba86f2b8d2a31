/** The nat table's bytes by what they are for. */

import { TCP } from "../../cluster/cluster.js";
import type { MemoryLine } from "../plane.js";
import { BASE_CHAINS } from "./blob.js";
import { CHAIN_HEAD, CHAIN_TAIL, ruleBytes } from "./layout.js";
import type { ChainKind, Rule, RuleSink } from "./rules.js";

const PARTS: Partial<Record<ChainKind, string>> = {
  "KUBE-SERVICES": "KUBE-SERVICES: a rule a frontend",
  "KUBE-NODEPORTS": "KUBE-NODEPORTS: a rule a NodePort",
  "KUBE-SVC": "KUBE-SVC and KUBE-SVL chains: a rule an endpoint",
  "KUBE-SVL": "KUBE-SVC and KUBE-SVL chains: a rule an endpoint",
  "KUBE-EXT": "KUBE-EXT and KUBE-FW chains",
  "KUBE-FW": "KUBE-EXT and KUBE-FW chains",
  "KUBE-SEP": "KUBE-SEP chains: two rules an endpoint",
};
const REST = "base chains, KUBE-POSTROUTING, KUBE-MARK-MASQ, end of the table";

/** A line for each part of the table; rules with a match or target whose size was not confirmed stand apart. */
export function tableMemory(emit: (sink: RuleSink) => void): readonly MemoryLine[] {
  const lines = new Map<string, MemoryLine>();
  const add = (part: string, bytes: number, known: MemoryLine["known"]): void => {
    const what = known === "exact" ? part : `${part} (with matches or targets not measured)`;
    lines.set(what, { what, known, bytes: (lines.get(what)?.bytes ?? 0) + bytes });
  };
  let part = REST;
  emit({
    chain(kind) {
      part = PARTS[kind] ?? REST;
      add(part, CHAIN_TAIL + (BASE_CHAINS.includes(kind) ? 0 : CHAIN_HEAD), "exact");
    },
    rule(rule) {
      add(part, ruleBytes(rule), isConfirmed(rule) ? "exact" : "derived");
    },
  });
  // The table ends in an ERROR entry, of the size of a chain's head.
  add(REST, CHAIN_HEAD, "exact");
  return [...lines.values()];
}

/**
 * Whether a rule consists of what was confirmed against IPT_SO_GET_INFO on a 6.18 kernel: comment, tcp, statistic; jumps,
 * verdicts and DNAT.
 */
function isConfirmed(rule: Rule): boolean {
  return (
    (rule.dport < 0 || rule.protocol === TCP) &&
    rule.recent === "none" &&
    rule.addrtype === "none" &&
    rule.state === "none" &&
    rule.mark === "none" &&
    ["jump", "return", "accept", "drop", "dnat"].includes(rule.target)
  );
}

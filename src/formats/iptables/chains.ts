/** What chains say by their names and sizes. */

import type { MasqueradeOfClusterIps } from "../../cluster/infer-network.js";
import type { SavedChain, SavedTable } from "../../planes/iptables/rules/saved-rules.js";

/** Which traffic to cluster IPs is masqueraded, from the number of rules that mark all of it, and some by its source. */
export function masqueradeOf({ all, some }: { all: number; some: number }): MasqueradeOfClusterIps {
  if (some > 0) return "by source";
  return all > 0 ? "all" : "none";
}

/** A chain of kube-proxy without the hash of its service: a thousand of them are one line of a report. */
export function kindOfChain(name: string): string {
  const hashed = /^(KUBE-[A-Z]+)-[A-Z2-7]{16}$/.exec(name);
  return hashed ? `${hashed[1]}-*` : name;
}

/** A condition without its values. */
export function kindOfCondition(condition: string): string {
  const words = condition.split(" ");
  return (words[0] === "-m" ? words.slice(0, 2) : words.filter((word) => /^(?:-|!$)/.test(word))).join(" ");
}

/** Chains of kube-proxy that rules lead to, and that hold none: a listing that was cut or filtered. */
export function countEmpty(nat: SavedTable): number {
  const led = new Set<string>();
  for (const { rules } of nat.values()) {
    for (const { target } of rules) if (/^KUBE-(?:SEP|EXT|FW|XLB)-/.test(target)) led.add(target);
  }
  return [...led].filter((name) => (nat.get(name)?.rules.length ?? 0) === 0).length;
}

/** kube-proxy's and kubelet's chains, and netfilter's own, whose rules may be anybody's. */
function isForeign(chain: SavedChain): boolean {
  return chain.policy === "-" && !chain.name.startsWith("KUBE-");
}

/** Rules of others: in their chains, and in base chains where they do not lead to kube-proxy. */
export function countForeign(table: SavedTable): number {
  let rules = 0;
  for (const chain of table.values()) {
    if (isForeign(chain)) rules += chain.rules.length;
    else if (chain.policy !== "-")
      rules += chain.rules.filter(({ target }) => !target.startsWith("KUBE-")).length;
  }
  return rules;
}

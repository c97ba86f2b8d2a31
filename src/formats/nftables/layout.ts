/** Which version of kube-proxy wrote a table, detected from the table's layout. */

import { MARKS, NUMGEN } from "./rules.js";
import type { NftTable } from "./table.js";

/** Minor versions of kube-proxy, as far as a table tells them apart. */
export type NftVersions = "until 1.33" | "1.34 or 1.35" | "until 1.35" | "1.36" | "1.37" | "1.36 or 1.37";

/** The versions that write such a table; undefined where it holds too little to say. */
export function layoutOf({ chains, containers }: NftTable): NftVersions | undefined {
  let endpointChains = false;
  for (const [chain, rules] of chains) {
    if (chain.startsWith("endpoint-") && rules.some((rule) => MARKS.test(rule))) endpointChains = true;
    if (!/^(service|local)-/.test(chain)) continue;
    for (const rule of rules) {
      const pick = NUMGEN.exec(rule);
      // 1.37 writes no map for a single endpoint.
      if (pick?.[2] === "map" && pick[1] === "1") return "1.36";
      if (rule.startsWith("meta l4proto ") && !pick) return "1.37";
    }
  }
  if (containers.has("hairpin-connections")) return "1.36 or 1.37";
  if (!endpointChains && !chains.has("mark-for-masquerade")) return undefined;
  // Since 1.34 all refusals stand behind DNAT, in one output chain; before, NodePorts were refused at priority -110.
  if (chains.has("filter-output-post-dnat")) return "until 1.33";
  return chains.has("filter-prerouting-pre-dnat") ? "1.34 or 1.35" : "until 1.35";
}

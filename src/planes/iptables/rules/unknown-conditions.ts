/** Rules of a node's own list that could decide a flow otherwise, if a condition that is not understood holds. */

import { type Cluster, inCidr } from "../../../cluster/cluster.js";
import type { Flow } from "../../plane.js";
import type { NodeList, SavedRule, SavedTable } from "./saved-rules.js";

/** Targets that end the walk of a table. */
const FINAL: readonly string[] = ["ACCEPT", "DROP", "REJECT", "DNAT", "REDIRECT"];
/** Targets that decide nothing about a packet: CONNMARK so where it changes the connection's mark alone. */
const HARMLESS: readonly string[] = ["", "LOG", "NFLOG", "TRACE", "CONNMARK"];

/** More chains than this that only return are nobody's. */
const MAX_CHAINS = 100;

/**
 * Follows a flow through the nat table, and through the filter table where no DNAT is certain, and collects the rules
 * whose understood conditions hold and whose others may.
 *
 * @param flow Addresses unsigned.
 * @returns The conditions as they stand, each once. Empty: the model's answer rests on none.
 */
export function unknownConditions(cluster: Cluster, { tables }: NodeList, flow: Flow): string[] {
  const found = new Set<string>();
  const isLocal = (address: number) =>
    address >>> 24 === 127 || cluster.network.nodeAddresses.includes(address >>> 0);
  const fromNode = isLocal(flow.src);
  const isTranslated = follow(tables.nat, fromNode ? "OUTPUT" : "PREROUTING");
  if (!isTranslated) follow(tables.filter, fromNode ? "OUTPUT" : isLocal(flow.dst) ? "INPUT" : "FORWARD");
  return [...found];

  /** Whether a rule ends the walk for certain. Chains are walked once: what a second walk meets is known. */
  function follow(table: SavedTable, chain: string, seen = new Set<string>()): boolean {
    if (seen.has(chain)) return false;
    seen.add(chain);
    for (const rule of table.get(chain)?.rules ?? []) {
      if (excludes(rule)) continue;
      const unknown = rule.unsupported ?? (rule.interfaceIn && !chain.startsWith("KUBE-") ? "-i" : null);
      if (unknown !== null) {
        // A goto skips what stands behind it here, whatever its chain does.
        if (rule.isGoto || !isHarmless(table, rule)) found.add(unknown);
        continue;
      }
      const isCertain = rule.probability < 0 && rule.recent !== "check" && !rule.mark;
      if (FINAL.includes(rule.target)) {
        if (isCertain) return true;
      } else if (rule.target === "RETURN") {
        if (isCertain) return false;
      } else if (table.has(rule.target)) {
        const ended = follow(table, rule.target, seen);
        if (isCertain && (ended || rule.isGoto)) return ended;
      }
    }
    return false;
  }

  /** Whether a target decides nothing, or leads to a chain where nothing does: from there every packet comes back. */
  function isHarmless(table: SavedTable, rule: SavedRule, seen = new Set<string>()): boolean {
    const { target } = rule;
    // A new connection's mark is 0: to restore it takes away what KUBE-MARK-MASQ has set (xt_connmark.c).
    if (HARMLESS.includes(target)) return !rule.restoresMark;
    const chain = table.get(target);
    if (chain === undefined || seen.size > MAX_CHAINS) return false;
    if (seen.has(target)) return true;
    seen.add(target);
    return chain.rules.every(
      (inner) => inner.target === "RETURN" || (!inner.isGoto && isHarmless(table, inner, seen)),
    );
  }

  /** Whether a condition that is understood does not hold for the flow's first packet. */
  function excludes(rule: SavedRule): boolean {
    return (
      (rule.src !== null && inCidr(rule.src, flow.src >>> 0) === rule.srcInvert) ||
      (rule.dst !== null && !inCidr(rule.dst, flow.dst >>> 0)) ||
      (rule.protocol !== 0 && rule.protocol !== flow.protocol) ||
      (rule.dport > 0 && rule.dport !== flow.dport) ||
      (rule.addrtype === "dst-local" && !isLocal(flow.dst)) ||
      (rule.addrtype === "src-local" && !fromNode) ||
      (rule.addrtype === "src-not-local" && fromNode) ||
      (rule.notToLoopback && flow.dst >>> 24 === 127) ||
      rule.stateNew === false
    );
  }
}

/** What kube-proxy left in the kernel against what lbscale says it does, as a diff by Service. */

import type { Family } from "../../cluster/family.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { type Comparison, compareLines } from "../real-program/differences.js";
import type { ListedRules } from "./protocol.js";
import { ruleLines } from "./rule-lines.js";
import { withoutUnreferenced } from "./stale.js";
import { withoutUnready } from "./unready.js";

export interface CompareOptions {
  /** Of which Services the rules are. */
  readonly objects: Iterable<ApiObject>;
  /** Leave out what kube-proxy is going to delete: right after its start there is nothing. */
  readonly ignoreStale: boolean;
  /**
   * Leave out comments of rules of Services and endpoints: after the large-cluster mode began or ended, a partial sync leaves
   * those that it does not write as they were.
   */
  readonly ignoreComments?: boolean;
  /** Families that the model has: kube-proxy writes what exists once of the other too. IPv4 by default. */
  readonly families?: readonly Family[];
}

/**
 * Compares two readings of the same tools line by line. Order counts only where it means something. A family counts where
 * the model has it.
 */
export function compareToModel(
  real: ListedRules,
  model: ListedRules,
  { objects, ignoreStale, ignoreComments = false, families = [4] }: CompareOptions,
): Comparison {
  const isCompared = (file: string) =>
    file.startsWith("ip6tables")
      ? families.includes(6)
      : !file.startsWith("iptables") || families.includes(4);
  const files = Object.keys(real).filter(isCompared);
  const read = (dump: string | undefined) => {
    const lines = linesOf(dump ?? "", families);
    return ignoreComments ? lines.map(withoutComment) : lines;
  };
  const all = files.map((file) => {
    const lines = read(real[file]);
    const modelled = new Set(read(model[file]));
    const kept = new Set(withoutUnready(lines, objects));
    const own = lines.filter((line) => kept.has(line) || modelled.has(line));
    return { real: new Set(ignoreStale ? withoutStale(own) : own), model: modelled };
  });
  return compareLines(all, "kube-proxy", objects);
}

function linesOf(dump: string, families: readonly Family[]): string[] {
  const others = [...(families.includes(4) ? [] : ["ip "]), ...(families.includes(6) ? [] : ["ip6 "])];
  return ruleLines(dump).filter((line) => !others.some((table) => line.startsWith(table)));
}

function withoutComment(line: string): string {
  return / -A KUBE-(?:SEP|SVC|SVL)-/.test(line) ? line.replace(/ -m comment --comment "[^"]*"/, "") : line;
}

/** In IPVS mode a destination that is gone keeps weight 0 until it is idle. */
function withoutStale(lines: readonly string[]): string[] {
  return withoutUnreferenced(lines).filter((line) => !/^-a .* -w 0$/.test(line));
}

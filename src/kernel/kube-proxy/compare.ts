/** What kube-proxy left in the kernel against what lbscale says it does, as a diff by Service. */

import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { type Comparison, compareLines } from "../real-program/differences.js";
import type { ListedRules } from "./protocol.js";
import { ruleLines } from "./rule-lines.js";
import { withoutUnreferenced } from "./stale.js";

export interface CompareOptions {
  /** Of which Services the rules are. */
  readonly objects: Iterable<ApiObject>;
  /** Leave out what kube-proxy is going to delete: right after its start there is nothing. */
  readonly ignoreStale: boolean;
}

/**
 * Compares two readings of the same tools line by line. Order counts only where it means something, and IPv6 not at
 * all: clusters of lbscale have IPv4 addresses.
 */
export function compareToModel(
  real: ListedRules,
  model: ListedRules,
  { objects, ignoreStale }: CompareOptions,
): Comparison {
  const files = Object.keys(real).filter((file) => !file.startsWith("ip6tables"));
  const all = files.map((file) => {
    const lines = linesOf(real[file] ?? "");
    return {
      real: new Set(ignoreStale ? withoutStale(lines) : lines),
      model: new Set(linesOf(model[file] ?? "")),
    };
  });
  return compareLines(all, "kube-proxy", objects);
}

function linesOf(dump: string): string[] {
  return ruleLines(dump).filter((line) => !line.startsWith("ip6 "));
}

/** In IPVS mode a destination that is gone keeps weight 0 until it is idle. */
function withoutStale(lines: readonly string[]): string[] {
  return withoutUnreferenced(lines).filter((line) => !/^-a .* -w 0$/.test(line));
}

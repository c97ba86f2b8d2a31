/** What kube-proxy left in the kernel against what lbscale says it does, as a diff by Service. */

import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import type { ListedRules } from "./protocol.js";
import { ruleLines } from "./rule-lines.js";
import { ServiceNames } from "./service-names.js";
import { withoutUnreferenced } from "./stale.js";

/** A line that only one of the two has. */
export interface RuleDifference {
  /** `namespace/name`; undefined for rules of no Service. */
  readonly service: string | undefined;
  readonly from: "kube-proxy" | "lbscale";
  readonly line: string;
}

export interface RulesComparison {
  /** Lines of kube-proxy that were compared: rules, chains, sets and elements. */
  readonly lines: number;
  readonly differences: readonly RuleDifference[];
}

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
): RulesComparison {
  const files = Object.keys(real).filter((file) => !file.startsWith("ip6tables"));
  const all = files.map((file) => {
    const lines = linesOf(real[file] ?? "");
    return {
      real: new Set(ignoreStale ? withoutStale(lines) : lines),
      model: new Set(linesOf(model[file] ?? "")),
    };
  });
  const differing: Omit<RuleDifference, "service">[] = [];
  for (const each of all) {
    for (const line of each.real) if (!each.model.has(line)) differing.push({ from: "kube-proxy", line });
    for (const line of each.model) if (!each.real.has(line)) differing.push({ from: "lbscale", line });
  }
  const lines = all.reduce((sum, each) => sum + each.real.size, 0);
  if (differing.length === 0) return { lines, differences: [] };
  const names = new ServiceNames(
    objects,
    all.flatMap((each) => [...each.real, ...each.model]),
  );
  return { lines, differences: differing.map((each) => ({ service: names.of(each.line), ...each })) };
}

function linesOf(dump: string): string[] {
  return ruleLines(dump).filter((line) => !line.startsWith("ip6 "));
}

/** In IPVS mode a destination that is gone keeps weight 0 until it is idle. */
function withoutStale(lines: readonly string[]): string[] {
  return withoutUnreferenced(lines).filter((line) => !/^-a .* -w 0$/.test(line));
}

/** As a unified diff, a hunk per Service. `version` is kube-proxy's. */
export function formatDifferences(
  differences: readonly RuleDifference[],
  version: string,
  limit: number,
): string {
  const byService = new Map<string, RuleDifference[]>();
  for (const difference of differences) {
    const service = difference.service ?? "rules of no Service";
    const others = byService.get(service);
    if (others === undefined) byService.set(service, [difference]);
    else others.push(difference);
  }
  const lines = [`--- kube-proxy ${version}`, "+++ lbscale"];
  for (const [service, own] of byService) {
    lines.push(
      `@@ ${service} @@`,
      ...own.map(({ from, line }) => `${from === "kube-proxy" ? "-" : "+"}${line}`),
    );
  }
  const shown = lines.slice(0, limit);
  if (lines.length > limit) shown.push(`… and ${lines.length - limit} lines more`);
  return `${shown.join("\n")}\n`;
}

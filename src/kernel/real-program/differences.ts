/** What a real program wrote against what lbscale says it does, as a diff by Service. */

import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { ServiceNames } from "./service-names.js";

/** A line that only one of the two has. */
export interface LineDifference {
  /** `namespace/name`; undefined for what belongs to no Service. */
  readonly service: string | undefined;
  readonly from: ProgramName | "lbscale";
  readonly line: string;
}

/** The programs that lbscale is held against. */
export type ProgramName = "kube-proxy" | "cilium";

export interface Comparison {
  /** Lines of the real program that were compared. */
  readonly lines: number;
  readonly differences: readonly LineDifference[];
}

/** A count of what a change made the real program do on which the two do not agree. */
export interface CountDifference {
  readonly what: string;
  readonly real: number;
  readonly lbscale: number;
}

/** The comparison after the start, or after one change. */
export interface VerifyStep extends Comparison {
  /** The change; undefined for the start. */
  readonly change: string | undefined;
  /** What the program did for it against `Program.update`; undefined where the model has no such change. */
  readonly writes: readonly CountDifference[] | undefined;
  /** How much it handed over, by kind and without what there was none of, where that is counted. */
  readonly wrote?: Readonly<Record<string, number>>;
}

/** Lines of one table or file, as each of the two has it. */
export interface Both {
  readonly real: ReadonlySet<string>;
  readonly model: ReadonlySet<string>;
}

/** Lines that one of the two lacks, named by their Services. */
export function compareLines(
  all: readonly Both[],
  program: ProgramName,
  objects: Iterable<ApiObject>,
): Comparison {
  const differing: Omit<LineDifference, "service">[] = [];
  for (const each of all) {
    for (const line of each.real) if (!each.model.has(line)) differing.push({ from: program, line });
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

/** Counts on which the two do not agree. */
export function compareCounts(
  real: Readonly<Record<string, number>>,
  lbscale: Readonly<Record<string, number>>,
): CountDifference[] {
  return Object.keys(lbscale)
    .map((what) => ({ what, real: real[what]!, lbscale: lbscale[what]! }))
    .filter((each) => each.real !== each.lbscale);
}

/** As a unified diff, a hunk per Service. `program` is the real one with its version; `what` it writes. */
export function formatDifferences(
  differences: readonly LineDifference[],
  { program, what, limit }: { readonly program: string; readonly what: string; readonly limit: number },
): string {
  const byService = new Map<string, LineDifference[]>();
  for (const difference of differences) {
    const service = difference.service ?? `${what} of no Service`;
    const others = byService.get(service);
    if (others === undefined) byService.set(service, [difference]);
    else others.push(difference);
  }
  const lines = [`--- ${program}`, "+++ lbscale"];
  for (const [service, own] of byService) {
    lines.push(
      `@@ ${service} @@`,
      ...own.map(({ from, line }) => `${from === "lbscale" ? "+" : "-"}${line}`),
    );
  }
  const shown = lines.slice(0, limit);
  if (lines.length > limit) shown.push(`… and ${lines.length - limit} lines more`);
  return `${shown.join("\n")}\n`;
}

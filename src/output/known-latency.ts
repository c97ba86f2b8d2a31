/** The check of how BPF lookups are timed: tables whose latency is known from a walk of the same memory. */

import type { Results } from "../results/schema.js";
import { formatBytes, formatNs } from "../text.js";

/** A table that was looked up in, with medians. */
export type KnownTable = NonNullable<Results["knownLatency"]>[number];

/** What two runs may differ by that are reported in whole nanoseconds, and a step's own address computation, ns. */
const MOST_OFF_NS = 5;
/** Of a lookup over a step, where memory decides. */
const RATIO = [0.7, 1.4] as const;

/** Whether a lookup takes what the walk says: within some nanoseconds where all is in the first cache, within a ratio else. */
export function isAsKnown({ elements, kernelNs, chaseNs }: KnownTable): boolean {
  if (elements === 1) return Math.abs(kernelNs - chaseNs) <= MOST_OFF_NS;
  return kernelNs >= RATIO[0] * chaseNs && kernelNs <= RATIO[1] * chaseNs;
}

/** The check in a line; empty where it was not made. */
export function describeKnownLatency({ knownLatency }: Pick<Results, "knownLatency">): string {
  if (knownLatency === undefined || knownLatency.length === 0) return "";
  const tables = knownLatency.map(({ elements, bytes, kernelNs, chaseNs }) => {
    const size = elements === 1 ? "one element" : formatBytes(bytes);
    return `${size}: ${formatNs(kernelNs)}, pointer chase ${formatNs(chaseNs)}`;
  });
  return `BPF timing check, a lookup in a table of ${tables.join("; of ")}`;
}

/** What to do where the check fails, or could not be made; empty where it holds or was not asked for. */
export function knownLatencyWarnings({
  knownLatency,
  cells,
}: Pick<Results, "knownLatency" | "cells">): string[] {
  if (knownLatency === undefined) {
    const reasons = new Set(cells.flatMap(({ facts }) => facts.knownLatency ?? []));
    return [...reasons].map(
      (reason) => `BPF timing check ${reason}: the times of scenario lookup were not checked`,
    );
  }
  return knownLatency
    .filter((table) => !isAsKnown(table))
    .map(
      ({ elements, bytes, kernelNs, chaseNs }) =>
        `BPF lookups are timed wrongly on this machine: in a table of ${elements === 1 ? "one element" : formatBytes(bytes)} one takes ${formatNs(kernelNs)}, ` +
        `a pointer chase through the same memory ${formatNs(chaseNs)}; don't use the times of scenario lookup, and measure again on a quiet machine`,
    );
}

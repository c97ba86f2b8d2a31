/** Many things that were left out, as a list of kinds with counts. */

import { oneLine } from "../cluster/checks.js";

const SHOWN = 8;

/** `17 (-m set: 12; -m bpf: 5)`, most frequent first; further kinds are counted. */
export function kindsWithCounts(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = sorted.slice(0, SHOWN).map(([kind, count]) => `${oneLine(kind, 100)}: ${count}`);
  const more = sorted.length - shown.length;
  return `${kinds.length} (${shown.join("; ")}${more > 0 ? `; ${more} kinds more` : ""})`;
}

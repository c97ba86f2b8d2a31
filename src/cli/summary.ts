/** What a run prints when it ends. */

import { formatCount, formatNs, plainText } from "../report/format.js";
import { formatInterval, formatTimes, intervalHeading, tableRows } from "../report/table.js";
import type { Results } from "../results/schema.js";
import { alignColumns } from "./output.js";

/** The table (N x plane: median, interval, times slower than the fastest), warnings and findings, as text. */
export function summarize(results: Results): string {
  const rows = tableRows(results);
  const table = rows.map(({ services, label, cell, timesFastest }, i) => [
    rows[i - 1]?.services === services ? "" : formatCount(services),
    plainText(label, 20),
    cell.estimate ? formatNs(cell.estimate.median) : "–",
    formatInterval(cell),
    formatTimes(timesFastest),
  ]);
  const warnings = new Map<string, string[]>();
  for (const { plane, services, cell } of rows) {
    for (const warning of cell.warnings) {
      warnings.set(warning, [...(warnings.get(warning) ?? []), `${plane} at ${formatCount(services)}`]);
    }
  }
  return [
    alignColumns([["services", "plane", "median", intervalHeading(results), "vs fastest"], ...table]),
    "",
    ...results.findings.map((finding) => plainText(finding.sentence, 400)),
    ...[...warnings].map(([warning, cells]) => plainText(`warning: ${warning} (${cells.join(", ")})`, 600)),
    "",
  ].join("\n");
}

/** What stands at the end of a run: charts, tables and a summary. */

import { join } from "node:path";
import { CATALOG } from "../catalog.js";
import { CheckFailedError } from "../errors.js";
import { writeReport } from "../output/write-charts.js";
import { RESULTS_FILE } from "../results/files.js";
import type { Results } from "../results/schema.js";
import { DEFAULT_PROFILE, profileById } from "../run/plan.js";
import { note, print } from "./output.js";
import { terminalSummary } from "./summary.js";

/** Writes the charts and tables of a run, and prints its summary or, with `json`, all of it. */
export async function reportRun(results: Results, out: string, json: boolean): Promise<void> {
  if (results.cells.every((cell) => cell.estimate === null && cell.counts === null)) {
    throw new CheckFailedError(
      `nothing could be measured: ${results.cells[0]!.warnings[0] ?? "no replicate ended"}`,
    );
  }
  // Profiles of the kernel's lanes draw what the model's of the same name do.
  const known = CATALOG.profiles.some(({ id }) => id === results.run.profile);
  const profile = profileById(CATALOG, known ? results.run.profile : DEFAULT_PROFILE);
  const folders = { top: out, charts: join(out, "charts") };
  const { paths, skipped } = await writeReport(results, folders, {
    formats: [...profile.images, "html", "md", "csv"],
    themes: profile.themes,
    size: "slide",
  });
  // Most of them need scenarios that nobody asked for: a line each would bury the table.
  if (skipped.length > 0) {
    note(`${skipped.length} charts need what this run did not measure: lbscale report ${out} says what`);
  }
  if (json) return print(`${JSON.stringify(results)}\n`);
  await print(
    `${terminalSummary(results, "first")}\n${[join(out, RESULTS_FILE), ...paths].map((path) => `${path}\n`).join("")}`,
  );
}

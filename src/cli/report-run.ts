/** The end of a run: charts, tables and a summary. */

import { join } from "node:path";
import { CATALOG } from "../catalog.js";
import { CheckFailedError } from "../errors.js";
import { writeReport } from "../output/write-charts.js";
import { RESULTS_FILE } from "../results/files.js";
import type { Results } from "../results/schema.js";
import { DEFAULT_PROFILE, profileById } from "../run/plan.js";
import { plainText } from "../text.js";
import { note, PATH_LENGTH, print } from "./output.js";
import { terminalSummary } from "./summary.js";

/** Writes the charts and tables of a run, and prints its summary or, with `json`, all of it. */
export async function reportRun(
  results: Results,
  out: string,
  { json, verbose }: { readonly json: boolean; readonly verbose: boolean },
): Promise<void> {
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
  if (verbose) for (const { id, reason } of skipped) note(`no chart "${id}": ${reason}`);
  if (json) await print(`${JSON.stringify(results)}\n`);
  else {
    const shown = plainText(out, PATH_LENGTH);
    const all = verbose
      ? [join(out, RESULTS_FILE), ...paths].map((path) => `${plainText(path, PATH_LENGTH)}\n`)
      : [];
    await print(
      `${terminalSummary(results, "first")}\n${all.join("")}open ${join(shown, "report.html")}\nnext: lbscale report ${shown} --formats pptx makes slides of it; --verbose lists all files\n`,
    );
  }
  failUnmeasured(results);
}

/** A plane of which nothing was measured is no success, though the others are drawn. */
function failUnmeasured({ cells }: Results): void {
  const planes = [...new Set(cells.map(({ plane }) => plane))];
  const missing = planes.filter((plane) =>
    cells.every((cell) => cell.plane !== plane || (cell.estimate === null && cell.counts === null)),
  );
  if (missing.length === 0) return;
  const [first] = cells.filter(({ plane }) => plane === missing[0]);
  throw new CheckFailedError(
    `not measured: ${missing.join(", ")}: ${first?.warnings[0] ?? "no replicate ended"}`,
  );
}

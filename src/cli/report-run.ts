/** The end of a run: charts and tables as files, and one screen of text. */

import { join } from "node:path";
import { CATALOG } from "../catalog.js";
import { CheckFailedError } from "../errors.js";
import type { ReportFormat } from "../output/formats.js";
import { RESULTS_FILE } from "../results/files.js";
import { isGap } from "../results/runs/outcomes.js";
import type { Results } from "../results/schema.js";
import { findCell, selectCells } from "../results/select.js";
import { DEFAULT_PROFILE, profileById } from "../run/plan.js";
import { plainText } from "../text.js";
import { note, PATH_LENGTH, print } from "./output.js";
import { endOfRun } from "./summary/screen.js";

export interface RunReport {
  /** What is drawn: nothing where it is empty; undefined: the profile's pictures, a page and tables. */
  readonly formats: readonly ReportFormat[] | undefined;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Writes the charts and tables of a run, and prints a screen of them or, with `json`, all of it. */
export async function reportRun(
  results: Results,
  out: string,
  { formats, json, verbose }: RunReport,
): Promise<void> {
  if (results.cells.every((cell) => cell.estimate === null && cell.counts === null)) {
    throw new CheckFailedError(
      `nothing could be measured: ${results.cells[0]!.warnings[0] ?? "no replicate ended"}`,
    );
  }
  const { paths, skipped } = await draw(results, out, formats);
  if (verbose) for (const { id, reason } of skipped) note(`no chart "${id}": ${reason}`);
  if (json) await print(`${JSON.stringify(results)}\n`);
  else {
    const shown = plainText(out, PATH_LENGTH);
    const all = verbose
      ? [join(out, RESULTS_FILE), ...paths].map((path) => `${plainText(path, PATH_LENGTH)}\n`)
      : [];
    await print(
      `${endOfRun(results, shown)}\n${all.join("")}${whatNext(shown, paths.includes(join(out, "report.html")))}\n`,
    );
  }
  failUnmeasured(results);
}

/** The page to open and the next command. */
function whatNext(out: string, hasPage: boolean): string {
  return hasPage
    ? `open ${join(out, "report.html")}\nnext: lbscale report ${out} --formats pptx makes slides of it; --verbose lists all files`
    : `saved ${join(out, RESULTS_FILE)}\nnext: lbscale report ${out} --formats html,png draws a page and charts of it`;
}

/** Draws what was asked for. Loads what draws only where something is drawn. */
async function draw(results: Results, out: string, formats: readonly ReportFormat[] | undefined) {
  if (formats?.length === 0) return { paths: [], skipped: [] };
  note(
    `drawing charts; lbscale report ${plainText(out, PATH_LENGTH)} draws them again, should this be interrupted`,
  );
  // Profiles of the kernel's lanes draw what the model's of the same name do.
  const known = CATALOG.profiles.some(({ id }) => id === results.run.profile);
  const profile = profileById(CATALOG, known ? results.run.profile : DEFAULT_PROFILE);
  const { writeReport } = await import("../output/write-charts.js");
  return writeReport(
    results,
    { top: out, charts: join(out, "charts") },
    { formats: formats ?? [...profile.images, "html", "md", "csv"], themes: profile.themes, size: "slide" },
  );
}

/** A plane of which nothing was measured is no success, though the others are drawn. */
function failUnmeasured({ cells }: Results): void {
  const planes = [...new Set(cells.map(({ plane }) => plane))];
  const missing = planes.filter((plane) =>
    selectCells(cells, { plane }).every(
      (cell) => cell.estimate === null && cell.counts === null && !isGap(cell),
    ),
  );
  if (missing.length === 0) return;
  const first = findCell(cells, { plane: missing });
  throw new CheckFailedError(
    `not measured: ${missing.join(", ")}: ${first?.warnings[0] ?? "no replicate ended"}`,
  );
}

/** Renders a result's charts into a folder. */

import { join } from "node:path";
import { CheckFailedError } from "../errors.js";
import { IMAGE_FORMATS, type ImageFormat } from "../report/canvas.js";
import { bencherMetrics, githubBenchmark } from "../report/continuous.js";
import { renderCharts, type SizeName } from "../report/render.js";
import { countsCsv, csvTable, markdownTable } from "../report/table.js";
import type { ThemeName } from "../report/theme.js";
import { ensureWritableFolder, reasonOf, writeFileAtomically } from "../results/files.js";
import type { Results } from "../results/schema.js";

export const REPORT_FORMATS = [...IMAGE_FORMATS, "md", "csv", "github", "bencher"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export interface ReportRequest {
  readonly formats: readonly ReportFormat[];
  readonly themes: readonly ThemeName[];
  readonly size: SizeName;
  readonly charts?: readonly string[];
}

export interface WrittenReport {
  readonly paths: string[];
  readonly skipped: { readonly id: string; readonly reason: string }[];
}

/**
 * Writes the asked files: `<chart>-<theme>.<format>`, `table.md`, `table.csv`, `github-benchmark.json`, `bencher.json`.
 * Returns their paths.
 */
export function writeReport(results: Results, folder: string, request: ReportRequest): WrittenReport {
  const images = request.formats.filter((format): format is ImageFormat =>
    (IMAGE_FORMATS as readonly string[]).includes(format),
  );
  const skipped: { id: string; reason: string }[] = [];
  // Rendered before anything is written: a result that can't be drawn leaves no half of a report.
  const rendered = renderCharts(results, {
    formats: images,
    themes: request.themes,
    size: request.size,
    ...(request.charts && { charts: request.charts }),
    onSkipped: (id, reason) => skipped.push({ id, reason }),
  });
  ensureWritableFolder(folder);
  const paths: string[] = [];
  const write = (name: string, data: string | Uint8Array): void => {
    const path = join(folder, name);
    try {
      writeFileAtomically(path, data);
    } catch (error) {
      throw new CheckFailedError(
        `can't write ${path}: ${reasonOf(error)}; make room and draw again with: lbscale report RUN_FOLDER`,
      );
    }
    paths.push(path);
  };
  for (const { id, theme, format, bytes } of rendered) write(`${id}-${theme}.${format}`, bytes);
  if (request.formats.includes("md")) write("table.md", markdownTable(results));
  if (request.formats.includes("csv")) write("table.csv", csvTable(results));
  const counts = request.formats.includes("csv") ? countsCsv(results) : null;
  if (counts !== null) write("counts.csv", counts);
  if (request.formats.includes("github")) write("github-benchmark.json", githubBenchmark(results));
  if (request.formats.includes("bencher")) write("bencher.json", bencherMetrics(results));
  return { paths, skipped };
}

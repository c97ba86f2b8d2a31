/** Renders a result's charts into a folder. */

import { dirname, join } from "node:path";
import { bencherMetrics, githubBenchmark } from "../analysis/continuous.js";
import { againstKernelTable } from "../analysis/model-vs-kernel.js";
import type { ThemeName } from "../charts/theme.js";
import { CheckFailedError } from "../errors.js";
import { reasonOf } from "../reason.js";
import { ensureWritableFolder, writeFileAtomically } from "../results/files.js";
import type { Results } from "../results/schema.js";
import { escapeMarkdown } from "../text.js";
import { type DocumentFormat, IMAGE_FORMATS, type ImageFormat, type ReportFormat } from "./formats.js";
import { reportPage } from "./html/html.js";
import { renderCharts, type SizeName } from "./image/render.js";
import { pdfDeck } from "./slides/pdf.js";
import { pptxDeck } from "./slides/pptx.js";
import { countsCsv, csvTable, markdownTable } from "./tables/table.js";
import { allWarnings, qualityLines } from "./warnings.js";

/** The table, and below it what a reader must know before believing it. */
function markdownWithWarnings(results: Results): string {
  const lines = [...allWarnings(results), ...qualityLines(results)].map(
    (line) => `- ${escapeMarkdown(line)}\n`,
  );
  return `${markdownTable(results)}${lines.length > 0 ? `\nRead with care:\n\n${lines.join("")}` : ""}`;
}

interface FileFormat {
  readonly name: string;
  /** Whether people look for it next to results.json, not among the charts. */
  readonly top?: boolean;
  /** null: these results have nothing to put into it. */
  make(results: Results, theme: ThemeName): string | Uint8Array | null | Promise<Uint8Array>;
}

/** What is not a picture of one chart, by its format. */
const FILES = {
  html: [{ name: "report.html", top: true, make: reportPage }],
  pptx: [{ name: "slides.pptx", top: true, make: (results, theme) => pptxDeck([results], theme) }],
  "slides-pdf": [{ name: "slides.pdf", top: true, make: (results, theme) => pdfDeck([results], theme) }],
  md: [
    { name: "table.md", make: markdownWithWarnings },
    { name: "model-versus-kernel.md", make: againstKernelTable },
  ],
  csv: [
    { name: "table.csv", make: csvTable },
    { name: "counts.csv", make: countsCsv },
  ],
  github: [{ name: "github-benchmark.json", make: githubBenchmark }],
  bencher: [{ name: "bencher.json", make: bencherMetrics }],
} as const satisfies Readonly<Record<DocumentFormat, readonly FileFormat[]>>;

export type { ReportFormat };

export interface ReportRequest {
  readonly formats: readonly ReportFormat[];
  /** Of pictures; slides have the first. */
  readonly themes: readonly ThemeName[];
  readonly size: SizeName;
  readonly charts?: readonly string[];
}

export interface Folders {
  /** Of the report and the slides: the run's. */
  readonly top: string;
  readonly charts: string;
}

export interface WrittenReport {
  readonly paths: string[];
  readonly skipped: { readonly id: string; readonly reason: string }[];
}

/** Writes the asked files: `<chart>-<theme>.<format>`, and those of FILES. Returns their paths. */
export async function writeReport(
  results: Results,
  folders: Folders,
  request: ReportRequest,
): Promise<WrittenReport> {
  const isImage = (format: ReportFormat): format is ImageFormat =>
    (IMAGE_FORMATS as readonly string[]).includes(format);
  const skipped: { id: string; reason: string }[] = [];
  // Rendered before anything is written: a result that can't be drawn leaves no half of a report.
  const pictures = renderCharts(results, {
    formats: request.formats.filter(isImage),
    themes: request.themes,
    size: request.size,
    ...(request.charts && { charts: request.charts }),
    onSkipped: (id, reason) => skipped.push({ id, reason }),
  });
  const files = pictures.map(({ id, theme, format, bytes }) => ({
    path: join(folders.charts, `${id}-${theme}.${format}`),
    data: bytes as Uint8Array | string,
  }));
  for (const format of request.formats) {
    if (isImage(format)) continue;
    for (const { name, top = false, make } of FILES[format] as readonly FileFormat[]) {
      const data = await make(results, request.themes[0]!);
      if (data !== null) files.push({ path: join(top ? folders.top : folders.charts, name), data });
    }
  }
  writeFiles(files);
  return { paths: files.map(({ path }) => path), skipped };
}

/** Writes one deck of several runs into `folder`, in each format. Returns the paths. */
export async function writeTalk(
  runs: readonly Results[],
  folder: string,
  formats: readonly ("pptx" | "slides-pdf")[],
  theme: ThemeName,
): Promise<string[]> {
  const files = [];
  for (const format of formats) {
    const data = format === "pptx" ? await pptxDeck(runs, theme) : pdfDeck(runs, theme);
    files.push({ path: join(folder, FILES[format][0].name), data });
  }
  writeFiles(files);
  return files.map(({ path }) => path);
}

function writeFiles(files: readonly { path: string; data: Uint8Array | string }[]): void {
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) ensureWritableFolder(folder);
  for (const { path, data } of files) {
    try {
      writeFileAtomically(path, data);
    } catch (error) {
      throw new CheckFailedError(
        `can't write ${path}: ${reasonOf(error)}; make room and draw again with: lbscale report RUN_FOLDER`,
      );
    }
  }
}

/**
 * Publishes a run: `npm run publish:run -- RUN_FOLDER [NAME]`. Writes results/<date>-<name>/ (the profile by default) with
 * results.json, charts, report.html and a README, and rebuilds the gallery results/README.md from all published runs.
 */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { findFindings } from "../src/analysis/findings/index.js";
import { againstKernelTable } from "../src/analysis/model-vs-kernel.js";
import { CHARTS } from "../src/charts/index.js";
import { markdownTable } from "../src/output/tables/table.js";
import { writeReport } from "../src/output/write-charts.js";
import { summarize } from "../src/results/conclude.js";
import { RESULTS_FILE, readResults, writeResults } from "../src/results/files.js";
import type { Results } from "../src/results/schema.js";
import { escapeMarkdown, escapeXml } from "../src/text.js";

const GALLERY = "results";
/** Three in the width of a page of GitHub. */
const THUMBNAIL_PX = 270;

const [source, given] = process.argv.slice(2);
if (source === undefined) {
  console.error("give the folder of a run: npm run publish:run -- results/runs/…");
  process.exit(2);
}
const results = readResults(source);
// All that follows from the replicates: said in the words of today.
summarize(results);
results.findings = findFindings(results);
const name = `${results.run.startedAt.slice(0, 10)}-${given ?? results.run.profile}`;
const folder = join(GALLERY, name);
mkdirSync(folder, { recursive: true });
writeResults(folder, results);
const folders = { top: folder, charts: join(folder, "charts") };
// Outlines of text are most of an SVG, and they are the same on every ground: the dark one is drawn when it is asked for.
await writeReport(results, folders, { formats: ["svg"], themes: ["light"], size: "readme" });
const { paths } = await writeReport(results, folders, {
  formats: ["png", "html"],
  themes: ["light", "dark"],
  size: "readme",
});
writeFileSync(join(folder, "README.md"), runPage(results));
writeFileSync(join(GALLERY, "README.md"), galleryPage());
console.log(folder);

function runPage({ run, environment, findings, ...rest }: Results): string {
  const all = { run, environment, findings, ...rest };
  const againstKernel = againstKernelTable(all);
  return [
    `# ${name}`,
    "",
    `![${firstChart(folder)} chart](charts/${firstChart(folder)}-light.png)`,
    "",
    ...findings.map(({ sentence }) => `- ${escapeMarkdown(sentence, 500)}`),
    "",
    `Measured ${run.startedAt.slice(0, 10)} on ${escapeMarkdown(environment.cpu)} (${environment.cores} cores, ${environment.virtualisation}), ` +
      `${environment.os} ${environment.kernel}, Node ${environment.node}, with \`${run.command}\`. ${laneWords(all)}`,
    "",
    markdownTable(all),
    ...(againstKernel === null ? [] : ["## Model against kernel", "", againstKernel, ""]),
    `Charts: ${chartIds()
      .map(
        (id) =>
          `[${id}](charts/${id}-light.png) ([dark](charts/${id}-dark.png), [SVG](charts/${id}-light.svg))`,
      )
      .join(
        ", ",
      )}. The same to explore: [report.html](report.html), one file that needs no network. Data: [results.json](results.json).`,
    "",
  ].join("\n");
}

function laneWords({ cells }: Results): string {
  return cells.some(({ lane }) => lane === "kernel")
    ? "Kernel lane: connections through the real data planes; each one was checked."
    : "Model lane: byte-faithful models, not the kernel.";
}

/** The charts that were written, in their order. */
function chartIds(): string[] {
  return CHARTS.map(({ id }) => id).filter((id) =>
    paths.some((path) => basename(path) === `${id}-light.png`),
  );
}

/** The chart that stands for a run: the scaling chart where there is one. */
function firstChart(of: string): string {
  const drawn = CHARTS.map(({ id }) => id).filter((id) => existsSync(join(of, "charts", `${id}-light.png`)));
  return ["kernel-scaling", "scaling"].find((id) => drawn.includes(id)) ?? drawn[0]!;
}

/** Charts of a run as small pictures, three a row, each a link to the large one. */
function thumbnails(run: string): string {
  const drawn = CHARTS.filter(({ id }) => existsSync(join(GALLERY, run, "charts", `${id}-light.png`)));
  return drawn
    .map(({ id, title }) => {
      const [light, dark] = ["light", "dark"].map((theme) => `${run}/charts/${id}-${theme}.png`);
      return `<a href="${light}"><picture><source media="(prefers-color-scheme: dark)" srcset="${dark}"><img src="${light}" width="${THUMBNAIL_PX}" alt="${escapeXml(title)}"></picture></a>`;
    })
    .join("\n");
}

function galleryPage(): string {
  const runs = readdirSync(GALLERY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(GALLERY, entry.name, RESULTS_FILE)))
    .map((entry) => entry.name)
    .sort()
    .reverse();
  return [
    "# Published runs",
    "",
    "Each folder holds a run's results.json and what was drawn from it; `lbscale report FOLDER` draws it again, as slides too",
    "(`--formats pptx,slides-pdf`).",
    "Local runs go to `runs/`, which git ignores.",
    "",
    ...runs.flatMap((run) => {
      const { findings } = readResults(join(GALLERY, run));
      return [
        `## [${run}](${run}/)`,
        "",
        thumbnails(run),
        "",
        ...findings.map(({ headline }) => `- ${escapeMarkdown(headline)}`),
        "",
        `[Findings and table](${run}/README.md), [charts that answer](${run}/report.html) (one file: download it and open it in a browser), [data](${run}/${RESULTS_FILE}).`,
        "",
      ];
    }),
  ].join("\n");
}

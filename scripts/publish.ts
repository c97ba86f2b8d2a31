/**
 * Publishes a run, or several as one: `npm run publish:run -- RUN_FOLDER… [NAME]`. Writes results/<name>/ (the profile by default) with
 * results.json.gz, a README and the pictures that it shows, and rebuilds the gallery results/README.md from all published
 * runs. Everything else is drawn by `lbscale report`. What the run concludes is computed again, in today's words; with
 * `--as-is` the results stay as they are, to the byte.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { findingHeadline, findingSentence, MOST_CHARACTERS } from "../src/analysis/finding-sentence.js";
import { findFindings } from "../src/analysis/findings/index.js";
import { againstKernelTable } from "../src/analysis/model-vs-kernel.js";
import { CATALOG } from "../src/catalog.js";
import { CHARTS } from "../src/charts/index.js";
import { renderCharts } from "../src/output/image/render.js";
import { kubeProxyFacts } from "../src/output/method.js";
import { TABLE_KEY, tablesBySize } from "../src/output/tables/by-size.js";
import { clusterTables } from "../src/output/tables/cluster.js";
import {
  holdsResults,
  PACKED_RESULTS_FILE,
  RESULTS_FILE,
  readResults,
  writePackedResults,
} from "../src/results/files.js";
import { mergeRuns } from "../src/results/runs/merge.js";
import type { Results } from "../src/results/schema.js";
import { summarize } from "../src/results/summarize.js";
import { describeRun } from "../src/run/describe.js";
import { escapeMarkdown, escapeXml } from "../src/text.js";
import { articleAnswer } from "./article-answer.js";
import { MAX_PICTURE_BYTES, MAX_PICTURES } from "./check-results.js";
import {
  ARTICLE_CHART_WORDS,
  ARTICLE_WORDS,
  commandOf,
  isDirty,
  laneWords,
  measuredWords,
} from "./published/words.js";

const GALLERY = "results";
const CAUSES = "../../docs/measurement.md#why-model-and-kernel-differ";
/** Three in the width of a page of GitHub. */
const THUMBNAIL_PX = 270;
/** Two in that width. */
const HALF_PX = 410;

/** The pictures of a run: the first of these that it can fill. */
const PREFERRED = [
  "kernel-programming",
  "kernel-programming-parts",
  "kernel-first-sync",
  "kernel-cold-start",
  "kernel-proxy-memory",
  "kernel-scaling",
  "kernel-columns",
  "kernel-latency",
  "kernel-established",
  "kernel-update",
  "kernel-sync",
  "kernel-memory",
  "guest-latency",
  "cluster-connect",
  "cluster-programming",
  "cluster-programming-new",
  "cluster-sync",
  "cluster-established",
  "cluster-programming-leaves",
  "family",
  "update",
  "connect",
  "established",
  "endpoints",
  "churn",
  "load",
  "memory",
  "balance",
  "scaling",
  "columns",
  "work",
  "logarithm",
  "logarithm-time",
  "addresses",
  "latency",
  "position",
  "percentiles",
];

/** Those that the article's answer prefers for its evidence; then the newest. */
const EVIDENCE_FIRST = ["default", "scenarios", "kernel", "cluster"];

const words = process.argv.slice(2);
const asIs = words.includes("--as-is");
const sources = words.filter((word) => holdsResults(word));
const given = words.find((word) => word !== "--as-is" && !sources.includes(word));
const [source] = sources;
if (source === undefined) {
  console.error("give the folder of a run: npm run publish:run -- results/runs/…");
  process.exit(2);
}
const results = sources.length === 1 ? readResults(source) : merged();
if (isDirty(results))
  console.error(
    "this run was measured with changes that are in no commit: its page says so; commit them and measure again",
  );
if (!asIs) {
  callAsNow();
  summarize(results);
  results.findings = findFindings(results);
}
// Without the date, so that links to it stay true when it is measured again.
const name = given ?? results.run.profile;
const folder = join(GALLERY, name);
mkdirSync(folder, { recursive: true });
writeData();
const drawn = writePictures();
writeFileSync(join(folder, "README.md"), runPage(results));
writeFileSync(join(GALLERY, "README.md"), galleryPage());
console.log(folder);

/** Several runs as one: of several clusters, say. */
function merged(): Results {
  const runs = sources.map((folder) => ({ label: basename(folder), results: readResults(folder) }));
  const all = mergeRuns(runs);
  return { ...all, run: { ...all.run, command: commandOf(runs) } };
}

/** Today's words for planes and scenarios. Merged runs have named their planes, by ids that end in @RUN. */
function callAsNow(): void {
  const { planes, scenarios } = describeRun(results.cells, CATALOG, results.run.entry);
  const named = Object.entries(planes ?? {}).filter(([id]) => id.split("@").length <= 2);
  Object.assign(results.planes ?? {}, Object.fromEntries(named));
  Object.assign(results.scenarios ?? {}, scenarios ?? {});
}

/** The results, packed. As they are: the bytes of the file itself. */
function writeData(): void {
  const plain = join(source!, RESULTS_FILE);
  if (!asIs) writePackedResults(folder, results);
  else if (existsSync(plain)) {
    writeFileSync(join(folder, PACKED_RESULTS_FILE), gzipSync(readFileSync(plain), { level: 9 }));
  }
  rmSync(join(folder, RESULTS_FILE), { force: true });
}

function writePictures(): string[] {
  const charts = join(folder, "charts");
  rmSync(charts, { recursive: true, force: true });
  mkdirSync(charts);
  const pictures = renderCharts(results, {
    formats: ["svg"],
    themes: ["light"],
    size: "readme",
    charts: PREFERRED,
  });
  return pictures
    .filter(({ bytes }) => bytes.length <= MAX_PICTURE_BYTES)
    .slice(0, MAX_PICTURES)
    .map(({ id, bytes }) => {
      writeFileSync(join(charts, `${id}.svg`), bytes);
      return id;
    });
}

function runPage(all: Results): string {
  const { findings } = all;
  const againstKernel = againstKernelTable(all);
  return [
    `# ${name}`,
    "",
    ...(drawn[0] === undefined ? [] : [picture(drawn[0]), ""]),
    ...findings.map((finding) => `- ${escapeMarkdown(findingSentence(finding, all), MOST_CHARACTERS)}`),
    "",
    `${measuredWords(all)} ${kubeProxyWords(all)}${laneWords(all)}`,
    "",
    "## Times",
    "",
    `${TABLE_KEY} \`npx lbscale report results/${name} --formats md,csv --out results/runs/${name}\` writes a line per cell.`,
    "",
    tablesBySize(all),
    ...liveTables(all),
    ...(againstKernel === null
      ? []
      : [
          "## Model against kernel",
          "",
          againstKernel,
          `[What was tested of why they differ](${CAUSES}).`,
          "",
        ]),
    ...drawn.slice(1).flatMap((id) => [picture(id), ""]),
    `All charts, in both themes, as PNG, SVG, PDF, slides and an interactive page: \`npx lbscale report results/${name} --formats png,svg,html,pptx --out results/runs/${name}\`. Data: [${PACKED_RESULTS_FILE}](${PACKED_RESULTS_FILE}).`,
    "",
  ].join("\n");
}

/** Percentiles of connections and of changes in a live cluster; empty for other runs. */
function liveTables(all: Results): string[] {
  const line = (fields: readonly string[]) =>
    `| ${fields.map((field) => escapeMarkdown(field)).join(" | ")} |`;
  return clusterTables(all).flatMap(([headings, ...rows]) => {
    if (headings === undefined) return [];
    const [title = "", ...columns] = headings;
    const alignment = `| :--- | :--- |${" ---: |".repeat(columns.length - 1)}`;
    return [
      `### ${title.charAt(0).toUpperCase()}${title.slice(1)}`,
      "",
      line(["", "Plane", ...columns.slice(1)]),
      alignment,
      ...rows.map(line),
      "",
    ];
  });
}

function picture(id: string): string {
  return `![${titleOf(id)}](charts/${id}.svg)`;
}

function titleOf(id: string): string {
  return CHARTS.find((chart) => chart.id === id)?.title ?? id;
}

function kubeProxyWords(all: Results): string {
  return kubeProxyFacts(all)
    .map(([what, releases]) => `${what}: ${escapeMarkdown(releases)}. `)
    .join("");
}

/** Charts that a published run shows, in the order of PREFERRED. */
function shownBy(run: string): string[] {
  const charts = join(GALLERY, run, "charts");
  const files = existsSync(charts) ? readdirSync(charts).map((file) => file.replace(/\.svg$/, "")) : [];
  return PREFERRED.filter((id) => files.includes(id));
}

/** Pictures of a run, three a row, each a link to itself in full size. */
function thumbnails(run: string): string {
  return shownBy(run)
    .map((id) => {
      const file = `${run}/charts/${id}.svg`;
      return `<a href="${file}"><img src="${file}" width="${THUMBNAIL_PX}" alt="${escapeXml(titleOf(id))}"></a>`;
    })
    .join("\n");
}

/** The article's chart measured again, and the same lookups as this project draws them. */
function articleChart(): string[] {
  const isShown = shownBy("article").includes("columns") && shownBy("default").includes("scaling");
  if (!isShown) return [];
  const [form, ours] = ["article/charts/columns.svg", "default/charts/scaling.svg"].map(
    (file) =>
      `<a href="${file}"><img src="${file}" width="${HALF_PX}" alt="${escapeXml(titleOf(basename(file, ".svg")))}"></a>`,
  );
  return [form!, ours!, "", ...ARTICLE_CHART_WORDS, ""];
}

function galleryPage(): string {
  const names = readdirSync(GALLERY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && holdsResults(join(GALLERY, entry.name)))
    .map((entry) => entry.name);
  const runs = names
    .map((run) => ({ name: run, results: readResults(join(GALLERY, run)), charts: shownBy(run) }))
    .sort((a, b) => b.results.run.startedAt.localeCompare(a.results.run.startedAt));
  const rank = (run: string) => {
    const place = EVIDENCE_FIRST.indexOf(run);
    return place < 0 ? EVIDENCE_FIRST.length : place;
  };
  const preferred = runs.toSorted((a, b) => rank(a.name) - rank(b.name));
  return [
    "# Is the article right?",
    "",
    ...ARTICLE_WORDS,
    "",
    ...articleChart(),
    "Each claim has what the [published runs](#published-runs) found. Sentences and numbers come from their results.json.gz, by",
    "`npm run publish:run`; “model” is a data structure laid out like the kernel's and walked in a process, “kernel lane” the",
    "kernel itself, “a cluster” the data plane of a Kubernetes cluster of one node.",
    "",
    articleAnswer(preferred),
    "## Published runs",
    "",
    "Each folder holds a run's results.json.gz, a README and the pictures that it shows. `lbscale report FOLDER` draws all",
    "charts from it, as an interactive page and as slides too (`--formats html,pptx,slides-pdf`).",
    "Local runs go to `runs/`, which git ignores.",
    "",
    ...runs.flatMap(({ name: run, results, results: { findings } }) => [
      `### [${run}](${run}/)`,
      "",
      thumbnails(run),
      "",
      ...findings.map((finding) => `- ${escapeMarkdown(findingHeadline(finding, results))}`),
      "",
      `[Findings and table](${run}/README.md), [data](${run}/${PACKED_RESULTS_FILE}).`,
      "",
    ]),
  ].join("\n");
}

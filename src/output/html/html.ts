/** report.html: a run as one file with interactive charts, which needs no network. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { findingSentence } from "../../analysis/finding-sentence.js";
import { THEMES, type Theme } from "../../charts/theme.js";
import type { Results } from "../../results/schema.js";
import { escapeXml, formatCount, plainText } from "../../text.js";
import { environmentFacts, formatMethod, measuredIn, methodFacts, planesAndSizes } from "../method.js";
import { tableFields, tableHeadings, tableRows } from "../tables/table.js";
import { allWarnings, qualityLines } from "../warnings.js";
import { pageData, scriptJson } from "./data.js";

/** The page's own colour, blue enough on both grounds (4.5:1 at least). */
const FOCUS = { light: "#0067A3", dark: "#56B4E9" } as const;

/**
 * The page of a run. Needs the script and the style that `npm run build` puts next to this file. Its policy lets it run
 * these two and nothing else, and reach no network.
 */
export function reportPage(results: Results): string {
  const script = readFileSync(new URL("bundle.js", import.meta.url), "utf8");
  const style = `${themeRules()}\n${readFileSync(new URL("page.css", import.meta.url), "utf8")}`;
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; img-src data: blob:; base-uri 'none'; form-action 'none'`;
  const title = titleOf(results);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="lbscale ${escapeXml(plainText(results.tool.version, 40))}">
<title>${escapeXml(title)}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#charts">Skip to the charts</a>
<header>
<h1>${escapeXml(title)}</h1>
<p class="lead">${escapeXml(leadOf(results))} · <a href="#findings-heading">findings and warnings</a></p>
</header>
<main>
<section id="charts" aria-labelledby="charts-heading">
<h2 id="charts-heading">Charts</h2>
<form id="controls" aria-label="What the charts show"></form>
<p id="shown" class="shown" role="status"></p>
<noscript><p>The charts are drawn by this page's script, which is switched off. The numbers are below.</p></noscript>
<div id="figures"></div>
</section>
${findingsSection(results)}
<section aria-labelledby="table-heading">
<h2 id="table-heading">All measurements</h2>
<p id="downloads" class="actions"></p>
${measurements(results)}
</section>
<section aria-labelledby="method-heading">
<h2 id="method-heading">Method</h2>
${formatMethod(results)
  .map((paragraph) => `<p>${escapeXml(paragraph)}</p>`)
  .join("\n")}
${factList(methodFacts(results))}
</section>
<section aria-labelledby="environment-heading">
<h2 id="environment-heading">Environment</h2>
${factList(environmentFacts(results))}
</section>
</main>
<script type="application/json" id="data">${scriptJson(pageData(results))}</script>
<script>${script}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** The system's theme by default; the reader's choice is an attribute of the root. */
function themeRules(): string {
  const rules = ({ name, ground, text, secondary, grid, axis, floor }: Theme) =>
    `{color-scheme:${name};--ground:${ground};--text:${text};--secondary:${secondary};--grid:${grid};--axis:${axis};--floor:${floor};--focus:${FOCUS[name]}}`;
  const dark = rules(THEMES.dark);
  const darkSwatch = ".swatch{background:var(--dark)}";
  return [
    `:root${rules(THEMES.light)}`,
    `@media (prefers-color-scheme: dark){:root:not([data-theme="light"])${dark}:root:not([data-theme="light"]) ${darkSwatch}}`,
    `:root[data-theme="dark"]${dark}`,
    `:root[data-theme="dark"] ${darkSwatch}`,
  ].join("\n");
}

function titleOf({ findings }: Results): string {
  return (
    plainText(findings[0]?.headline ?? "", 90) ||
    "Kubernetes Service load balancing: latency by number of Services"
  );
}

function leadOf({ run, cells }: Results): string {
  return [
    `A run of lbscale, profile ${plainText(run.profile, 30)}, ${plainText(run.startedAt, 40).slice(0, 10)}`,
    planesAndSizes(cells),
    measuredIn(cells),
    ...(run.complete ? [] : ["not complete"]),
  ].join(" · ");
}

function findingsSection(results: Results): string {
  const findings = results.findings.map(
    (finding) =>
      `<li><strong>${escapeXml(plainText(finding.headline, 90))}</strong> ${escapeXml(plainText(findingSentence(finding, results), 600))}</li>`,
  );
  const warnings = [...allWarnings(results), ...qualityLines(results)].map(
    (warning) => `<li>${escapeXml(warning)}</li>`,
  );
  const list = (items: string[], name: string) => `<ul class="${name}">\n${items.join("\n")}\n</ul>`;
  return `<section aria-labelledby="findings-heading">
<h2 id="findings-heading">Findings</h2>
${findings.length > 0 ? list(findings, "findings") : "<p>This run supports no sentence: it measured too little for one.</p>"}
${warnings.length > 0 ? `<h3>Read with care</h3>\n${list(warnings, "warnings")}` : ""}
</section>`;
}

/** The table of all timed cells; what is counted is behind the charts. */
function measurements(results: Results): string {
  const rows = tableRows(results);
  if (rows.length === 0) return "<p>This run timed nothing: the charts show its counts.</p>";
  const heading = tableHeadings(results)
    .map((text) => `<th scope="col">${escapeXml(text)}</th>`)
    .join("");
  const body = rows.map((row) => {
    const fields = tableFields(row, results);
    return `<tr>${fields.map((field) => `<td>${escapeXml(field)}</td>`).join("")}</tr>`;
  });
  return `<details><summary>Table of ${formatCount(rows.length)} measurements</summary>
<div class="scroll" role="region" tabindex="0" aria-label="Table of all measurements">
<table><thead><tr>${heading}</tr></thead>
<tbody>
${body.join("\n")}
</tbody></table></div></details>`;
}

function factList(facts: readonly (readonly [string, string])[]): string {
  return `<dl>\n${facts.map(([name, value]) => `<dt>${escapeXml(name)}</dt><dd>${escapeXml(plainText(value, 4000))}</dd>`).join("\n")}\n</dl>`;
}

/**
 * The article's claims, one by one, with what the published runs say: the first part of results/README.md. A verdict
 * whose evidence is missing in every run is left out, so that none outlives it.
 */

import { ARTICLE_CLAIMS } from "../src/analysis/article-claims.js";
import { MOST_CHARACTERS } from "../src/analysis/finding-sentence.js";
import type { Results } from "../src/results/schema.js";
import { findCell } from "../src/results/select.js";
import { escapeMarkdown } from "../src/text.js";

/** A published run: its folder's name, its results, and the charts that it shows. */
export interface PublishedRun {
  readonly name: string;
  readonly results: Results;
  readonly charts: readonly string[];
}

/**
 * @param runs Published runs, the preferred ones first: evidence comes from the first that has it.
 * @returns Markdown, a section per claim; links are relative to the folder of the runs.
 */
export function articleAnswer(runs: readonly PublishedRun[]): string {
  return ARTICLE_CLAIMS.flatMap(({ claim, verdict, evidence, more, charts }) => {
    const lines = evidence.map((id) => evidenceOf(runs, id));
    const isAnswered = !lines.includes(undefined);
    return [
      `## “${claim}”`,
      "",
      isAnswered ? `**${verdict}**` : "No run below has measured what an answer needs.",
      "",
      ...[...lines, ...more.map((id) => evidenceOf(runs, id))].filter((line) => line !== undefined),
      "",
      ...(isAnswered ? chartOf(runs, charts) : []),
    ];
  }).join("\n");
}

function evidenceOf(runs: readonly PublishedRun[], id: string): string | undefined {
  for (const { name, results } of runs) {
    const found = results.findings.find((finding) => finding.id === id);
    if (found) return `- ${escapeMarkdown(found.sentence, MOST_CHARACTERS)} ([${laneOf(results)}](${name}/))`;
  }
  return undefined;
}

function laneOf({ cells }: Results): string {
  if (findCell(cells, { lane: "cluster" })) return "a cluster";
  return findCell(cells, { lane: "kernel" }) ? "kernel lane" : "model";
}

function chartOf(runs: readonly PublishedRun[], ids: readonly string[]): string[] {
  for (const id of ids) {
    const run = runs.find(({ charts }) => charts.includes(id));
    if (run) return [`![${id}](${run.name}/charts/${id}.svg)`, ""];
  }
  return [];
}

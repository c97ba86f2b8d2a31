/** The slides of a talk about a run: one finding each, with the chart that shows it. */

import { ARTICLE_CLAIMS, type ArticleClaim } from "../../analysis/article-claims.js";
import { findingSentence, MOST_CHARACTERS } from "../../analysis/finding-sentence.js";
import type { Chart, Picture, View } from "../../charts/chart.js";
import { chartsOf } from "../../charts/run-charts.js";
import { cellId } from "../../results/cells.js";
import { planeReport } from "../../results/descriptors.js";
import { keepDigest } from "../../results/digest.js";
import type { Finding, Results } from "../../results/schema.js";
import { countOf, plainText } from "../../text.js";
import { formatMethod, measuredIn, methodFacts, planesAndSizes } from "../method.js";

export interface Slide {
  readonly chart: Chart;
  /** null: no finding was made, so the chart has its own title. */
  readonly finding: Finding | null;
  /** Builds the picture with the finding as its title. Rebuilt at each call: Chart.js changes what it draws. */
  readonly build: (view: View) => Picture;
}

/** A slide for each finding that a chart of its own shows; without findings, one for each chart. */
export function slidesOf(results: Results, view: View): Slide[] {
  const used = new Set<string>();
  const slides = results.findings.flatMap((finding) => slideOf(results, finding, view, used) ?? []);
  if (slides.length > 0) return slides;
  return chartsOf(results)
    .filter((chart) => !("skipped" in chart.build(results, view)))
    .map((chart) => ({
      chart,
      finding: null,
      build: builder(chart, results),
    }));
}

/**
 * The slide of one finding, with the first chart that shows it and is not `used` yet: no chart twice. Its id is added to
 * `used`. undefined where there is none: the finding is then on a slide of text.
 */
export function slideOf(
  results: Results,
  finding: Finding,
  view: View,
  used: Set<string>,
): Slide | undefined {
  const alone = keepDigest(
    { ...results, findings: [finding], planes: highlighted(results, finding) },
    results,
  );
  const showing = chartsOf(results).flatMap((candidate) => {
    if (used.has(candidate.id)) return [];
    const picture = candidate.build(alone, view);
    const shows = !("skipped" in picture) && picture.title === plainText(finding.headline, 90);
    return shows ? [{ chart: candidate, crowded: isCrowded(picture) }] : [];
  });
  const chart = (showing.find(({ crowded }) => !crowded) ?? showing[0])?.chart;
  if (!chart) return undefined;
  used.add(chart.id);
  return { chart, finding, build: builder(chart, alone) };
}

/** More columns than this side by side are too narrow for a slide. */
const MOST_COLUMNS = 8;

function isCrowded({ config }: Picture): boolean {
  return "type" in config && config.type === "bar" && config.data.datasets.length > MOST_COLUMNS;
}

const GREY = { light: "#B4B4B4", lightLabel: "#6E6E6E", dark: "#5F666D" } as const;

/** Descriptions of the planes, in which those that the finding does not speak of are grey. */
function highlighted(results: Results, { cells }: Finding): NonNullable<Results["planes"]> {
  const named = new Set(cells);
  const spokenOf = new Set(results.cells.filter((cell) => named.has(cellId(cell))).map(({ plane }) => plane));
  const others = [...new Set(results.cells.map(({ plane }) => plane))].filter(
    (plane) => spokenOf.size > 0 && !spokenOf.has(plane),
  );
  const grey = others.map((plane): [string, NonNullable<Results["planes"]>[string]] => {
    const report = planeReport(results, plane);
    return [plane, { ...report, claims: [...report.claims], colours: { ...GREY } }];
  });
  return { ...results.planes, ...Object.fromEntries(grey) };
}

/** Findings that have no slide. */
export function withoutSlide({ findings }: Results, slides: readonly Slide[]): Finding[] {
  return findings.filter(({ id }) => !slides.some(({ finding }) => finding?.id === id));
}

/** The article's claim that a finding is evidence for. */
export function claimOf(finding: Finding | null): ArticleClaim | null {
  const isAnswer = ({ evidence, more }: ArticleClaim) => [...evidence, ...more].includes(finding?.id ?? "");
  return ARTICLE_CLAIMS.find(isAnswer) ?? null;
}

function builder(chart: Chart, results: Results): Slide["build"] {
  return (view) => {
    const picture = chart.build(results, view);
    if ("skipped" in picture) throw new Error(`${chart.id} can't be drawn: ${picture.skipped}`);
    return picture;
  };
}

export const DECK_TITLE = "What Kubernetes Service load balancing costs as it grows";

/** What is below the deck's title. */
export function deckLead({ run, environment, cells }: Results): string[] {
  return [
    `${planesAndSizes(cells)}, ${measuredIn(cells)}`,
    `Measured with lbscale on ${plainText(run.startedAt, 40).slice(0, 10)}, ${plainText(environment.cpu, 60)}`,
  ];
}

/** Warnings of the cells that a finding rests on, each once; more than a speaker can say are counted. */
function warningsOf({ finding }: Slide, { cells }: Results): string[] {
  const named = new Set(finding?.cells);
  const all = new Set(cells.filter((cell) => named.has(cellId(cell))).flatMap(({ warnings }) => warnings));
  const said = [...all].slice(0, MOST_WARNINGS).map((warning) => `Warning: ${plainText(warning, 300)}`);
  return all.size > said.length
    ? [...said, `${countOf(all.size - said.length, "more warning")}: the page has them.`]
    : said;
}

const MOST_WARNINGS = 3;

/** What the speaker can say: the finding with its interval, the claim and our verdict, warnings, the chart, and how it was measured. */
export function notesOf(slide: Slide, picture: Picture, results: Results): string {
  const answered = claimOf(slide.finding);
  return [
    ...(slide.finding ? [plainText(findingSentence(slide.finding, results), MOST_CHARACTERS)] : []),
    ...(answered ? [`The claim: “${answered.claim}”. ${answered.verdict}`] : []),
    ...warningsOf(slide, results),
    `The chart: ${picture.subtitle}.`,
    ...formatMethod(results),
    picture.caption,
    methodFacts(results)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n"),
  ].join("\n\n");
}

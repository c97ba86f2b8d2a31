/** What is on the slides of a talk about one run or several, before any file format: title, charts, pages of text. */

import { ARTICLE_CLAIMS } from "../../analysis/article-claims.js";
import { findingHeadline } from "../../analysis/finding-sentence.js";
import type { View } from "../../charts/chart.js";
import type { Finding, Results } from "../../results/schema.js";
import { countOf, formatCount, plainText } from "../../text.js";
import { formatMethod, planesAndSizes } from "../method.js";
import { allWarnings } from "../warnings.js";
import { claimOf, DECK_TITLE, deckLead, type Slide, slidesOf, withoutSlide } from "./slides.js";

export interface TextSlide {
  readonly title: string;
  readonly paragraphs: readonly string[];
}

export interface TalkSlide extends Slide {
  /** The run that the slide is of. */
  readonly results: Results;
  /** The article's claim that the finding answers; null where it answers none. */
  readonly claim: string | null;
}

export interface Talk {
  readonly title: string;
  /** Below the title: what was measured, and when. */
  readonly lead: readonly string[];
  readonly slides: readonly TalkSlide[];
  /** After the charts: what else was found, what to be careful about, how it was measured. */
  readonly texts: readonly TextSlide[];
}

/** With title and pages of text some fourteen slides, which is a talk of twenty minutes. */
const MOST_CHARTS = 10;

/**
 * The talk about `runs`. Of one run the slides are in the order of its findings. Of several they follow the article's claims,
 * then the runs; no chart is drawn twice, and a finding that two runs have is said once, of the first that has it.
 * @param runs The preferred ones first.
 */
export function talkOf(runs: readonly Results[], view: View): Talk {
  const all = runs.flatMap((results) =>
    slidesOf(results, view).map((slide) => ({ ...slide, results, claim: claimOf(slide)?.claim ?? null })),
  );
  const slides = runs.length === 1 ? all : fairShare(once(inOrderOfClaims(all)));
  const warnings = runs.length === 1 ? allWarnings(runs[0]!) : sharedWarnings(runs);
  const text = (title: string, paragraphs: readonly string[]) =>
    paragraphs.length === 0 ? [] : [{ title, paragraphs }];
  return {
    title: DECK_TITLE,
    lead: runs.length === 1 ? deckLead(runs[0]!) : sharedLead(runs),
    slides,
    texts: [
      ...text("Also found", alsoFound(runs, slides)),
      ...text("Read with care", warnings),
      ...text("How it was measured", runs.length === 1 ? formatMethod(runs[0]!) : sharedMethod(runs)),
    ],
  };
}

/** Headlines without a slide, each of the first run that has it; of several runs, they say which are models'. */
function alsoFound(runs: readonly Results[], slides: readonly TalkSlide[]): string[] {
  const said = new Set<string>();
  return runs.flatMap((results) => {
    const left = withoutSlide(results, slides).filter(({ id }) => !said.has(id));
    for (const { id } of left) said.add(id);
    const words = (finding: Finding) =>
      runs.length === 1 ? finding.headline : findingHeadline(finding, results);
    return left.map((finding) => plainText(words(finding), 90));
  });
}

/** More runs than this do not fit below the title. */
const MOST_NAMED_RUNS = 6;

/** A line per run, and when and where they were measured. */
function sharedLead(runs: readonly Results[]): string[] {
  const each = (of: (results: Results) => string) => [...new Set(runs.map(of))].join(" and ");
  const dates = each(({ run }) => plainText(run.startedAt, 40).slice(0, 10));
  const named = runs.map(({ cells }) => `${capital(laneOf(cells))}: ${planesAndSizes(cells)}`);
  return [
    ...(runs.length > MOST_NAMED_RUNS ? [countOf(runs.length, "run")] : named),
    `Measured with lbscale on ${dates}, ${each(({ environment }) => plainText(environment.cpu, 60))}`,
  ];
}

/** What was measured: models, a kernel, or what balances in a live cluster. */
function laneOf(cells: Results["cells"]): string {
  const lanes = new Set(cells.map(({ lane }) => lane));
  if (lanes.has("cluster")) return "live cluster";
  if (!lanes.has("kernel") && !lanes.has("guest")) return "models";
  return lanes.has("model") ? "kernel and models" : "kernel";
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** By the article's claims; what answers none comes last, in its own order. */
function inOrderOfClaims(slides: readonly TalkSlide[]): TalkSlide[] {
  const claims = ARTICLE_CLAIMS.map(({ claim }) => claim);
  const rank = ({ claim }: TalkSlide) => (claim === null ? claims.length : claims.indexOf(claim));
  return slides.toSorted((a, b) => rank(a) - rank(b));
}

/** Without a chart or a finding that an earlier slide has. */
function once(slides: readonly TalkSlide[]): TalkSlide[] {
  return slides.filter(
    (slide, i) =>
      !slides
        .slice(0, i)
        .some(
          ({ chart, finding }) =>
            chart.id === slide.chart.id || (finding !== null && finding.id === slide.finding?.id),
        ),
  );
}

/** As many slides as a talk has time for: of every claim the first, then of every claim the second, and so on. */
function fairShare(slides: readonly TalkSlide[]): TalkSlide[] {
  const turns = new Map(
    slides.map((slide, i) => [slide, slides.slice(0, i).filter(({ claim }) => claim === slide.claim).length]),
  );
  const chosen = slides.toSorted((a, b) => turns.get(a)! - turns.get(b)!).slice(0, MOST_CHARTS);
  return slides.filter((slide) => chosen.includes(slide));
}

/** Each warning once, without its cells, with the runs that have it. */
function sharedWarnings(runs: readonly Results[]): string[] {
  const owners = new Map<string, Set<string>>();
  for (const results of runs) {
    for (const warning of allWarnings(results)) {
      const [sentence] = warning.split(" (", 1) as [string];
      owners.set(sentence, (owners.get(sentence) ?? new Set()).add(nameOf(results)));
    }
  }
  return [...owners].map(([sentence, names]) => `${sentence} (${[...names].join("; ")})`);
}

/** A paragraph per run, with what the runs before it have not said. */
function sharedMethod(runs: readonly Results[]): string[] {
  const said = new Set<string>();
  return runs.flatMap((results) => {
    const lines = formatMethod(results).filter((line) => !said.has(line));
    for (const line of lines) said.add(line);
    return lines.length === 0 ? [] : [`${nameOf(results)}: ${lines.join(" ")}`];
  });
}

/** A run among others: its lanes and scenarios are what tells them apart. */
function nameOf({ cells }: Results): string {
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  return `${laneOf(cells)}, ${scenarios.length > 2 ? `${formatCount(scenarios.length)} scenarios` : scenarios.join(" and ")}`;
}

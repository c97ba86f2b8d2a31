/** What is on the slides of a talk about one run or several, before any file format: title, charts, pages of text. */

import { ARTICLE_CLAIMS } from "../../analysis/article-claims.js";
import { findingHeadline } from "../../analysis/finding-sentence.js";
import type { View } from "../../charts/chart.js";
import type { Finding, Results } from "../../results/schema.js";
import { countOf, formatCount, plainText } from "../../text.js";
import { formatMethod, planesAndSizes } from "../method.js";
import { allWarnings } from "../warnings.js";
import { claimOf, DECK_TITLE, deckLead, type Slide, slideOf, slidesOf, withoutSlide } from "./slides.js";

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
  const slides =
    runs.length === 1
      ? slidesOf(runs[0]!, view).map((slide) => ofTalk(slide, runs[0]!))
      : fairShare(slidesByClaim(runs, view));
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

const ofTalk = (slide: Slide, results: Results): TalkSlide => ({
  ...slide,
  results,
  claim: claimOf(slide.finding)?.claim ?? null,
});

/**
 * By the article's claims, of each in the order of a talk; what answers none comes last. Findings that a talk is made of
 * choose their charts before the others. A run without findings shows its charts.
 */
function slidesByClaim(runs: readonly Results[], view: View): TalkSlide[] {
  const found = runs.flatMap((results) => results.findings.map((finding) => ({ finding, results })));
  const once = found.filter(
    ({ finding }, i) => found.findIndex((other) => other.finding.id === finding.id) === i,
  );
  const used = new Set<string>();
  const slides = once
    .toSorted((a, b) => rankOf(a.finding) - rankOf(b.finding))
    .toSorted((a, b) => Number(isOfTalk(b.finding)) - Number(isOfTalk(a.finding)))
    .flatMap(({ finding, results }) => {
      const slide = slideOf(results, finding, view, used);
      return slide ? [ofTalk(slide, results)] : [];
    })
    .toSorted((a, b) => rankOf(a.finding) - rankOf(b.finding));
  const plain = runs
    .filter(({ findings }) => findings.length === 0)
    .flatMap((results) => slidesOf(results, view).map((slide) => ofTalk(slide, results)))
    .filter(({ chart }) => !used.has(chart.id) && used.add(chart.id));
  return [...slides, ...plain];
}

const isOfTalk = (finding: Finding): boolean => claimOf(finding)?.talk.includes(finding.id) ?? false;

/** Place in a talk: by claim, then by the claim's own order. */
function rankOf(finding: Finding | null): number {
  const claim = claimOf(finding);
  if (finding === null || claim === null) return ARTICLE_CLAIMS.length;
  const place = claim.talk.indexOf(finding.id);
  return ARTICLE_CLAIMS.indexOf(claim) + (place < 0 ? claim.talk.length : place) / (claim.talk.length + 1);
}

/**
 * As many slides as a talk has time for: of every claim the first, then of every claim the second, and so on; then what
 * answers no claim.
 */
function fairShare(slides: readonly TalkSlide[]): TalkSlide[] {
  const turns = new Map(
    slides.map((slide, i) => {
      const before = slides.slice(0, i).filter(({ claim }) => claim === slide.claim).length;
      return [slide, slide.claim === null ? slides.length + before : before];
    }),
  );
  const chosen = slides.toSorted((a, b) => turns.get(a)! - turns.get(b)!).slice(0, MOST_CHARTS);
  return slides.filter((slide) => chosen.includes(slide));
}

/** A number of seconds, of percent or of load; not the 4 of IPv4 or the version of a program. */
const MEASURED = /(?<=[\s(])\d[\d.,]*(?= ?(?:%|[nµm]?s\b)| at the start)/g;

/** Each warning once, without its cells, with the runs that have it; of those that differ in numbers alone, the first. */
function sharedWarnings(runs: readonly Results[]): string[] {
  const kinds = new Map<string, { readonly sentences: Set<string>; readonly owners: Set<string> }>();
  for (const results of runs) {
    for (const warning of allWarnings(results)) {
      const [sentence] = warning.split(" (", 1) as [string];
      const kind = sentence.replaceAll(MEASURED, "#");
      const alike = kinds.get(kind) ?? { sentences: new Set(), owners: new Set() };
      kinds.set(kind, alike);
      alike.sentences.add(sentence);
      alike.owners.add(nameOf(results));
    }
  }
  return [...kinds.values()].map(({ sentences: [first, ...others], owners }) => {
    const more = others.length > 0 ? ` and ${formatCount(others.length)} alike` : "";
    return `${first}${more} (${[...owners].join("; ")})`;
  });
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

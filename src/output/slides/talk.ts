/** What is on the slides of a talk about one run or several, before any file format: title, charts, pages of text. */

import { ARTICLE_CLAIMS } from "../../analysis/article-claims.js";
import type { View } from "../../charts/chart.js";
import type { Results } from "../../results/schema.js";
import { formatCount } from "../../text.js";
import { formatMethod } from "../method.js";
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
  const rest = [...new Set(runs.flatMap((results) => withoutSlide(results, slides)))];
  const warnings = runs.length === 1 ? allWarnings(runs[0]!) : sharedWarnings(runs);
  const text = (title: string, paragraphs: readonly string[]) =>
    paragraphs.length === 0 ? [] : [{ title, paragraphs }];
  return {
    title: DECK_TITLE,
    lead: runs.length === 1 ? deckLead(runs[0]!) : runs.map((results) => deckLead(results).join(". ")),
    slides,
    texts: [
      ...text("Also found", rest),
      ...text("Read with care", warnings),
      ...text("How it was measured", runs.length === 1 ? formatMethod(runs[0]!) : sharedMethod(runs)),
    ],
  };
}

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
function nameOf({ run, cells }: Results): string {
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))];
  return `${run.profile}, ${scenarios.length > 2 ? `${formatCount(scenarios.length)} scenarios` : scenarios.join(" and ")}`;
}

/** Do a picture and a result belong together? */

import { HASH_DIGITS } from "../../charts/caption-text.js";
import { plottedSeries } from "../../charts/kit/plot-data.js";
import { chartsOf } from "../../charts/run-charts.js";
import { THEME_NAMES } from "../../charts/theme.js";
import { digestOf, resultsDigest } from "../../results/digest.js";
import type { Results } from "../../results/schema.js";
import { plainText } from "../../text.js";
import { SIZES } from "../image/render.js";
import type { ChartMetadata } from "./index.js";

/** A result to hold a picture against. */
export interface Claimed {
  readonly results: Results;
  /** What its file says, with fields that this version does not know. */
  readonly raw: unknown;
}

/** What is wrong with a picture, in words; empty where nothing is. Without a result only the picture itself is looked at. */
export function chartProblems({ data, untouched }: ChartMetadata, claimed: Claimed | null): string[] {
  return [
    ...(untouched ? [] : ["the picture was changed after it was drawn"]),
    ...(claimed === null ? [] : resultProblems(data, claimed)),
  ];
}

function resultProblems(data: ChartMetadata["data"], { results, raw }: Claimed): string[] {
  const drawnFrom = data.runs.map((run) => run.results);
  // A later version may read fields with defaults that the file does not have.
  const digests = [digestOf(raw), resultsDigest(results)];
  if (!drawnFrom.some((digest) => digests.includes(digest))) {
    const sameRun = data.runs.some(({ id }) => id === results.run.id);
    return [
      `it was drawn from results ${drawnFrom.map((digest) => plainText(digest).slice(0, HASH_DIGITS)).join(" and ")}, ` +
        `and these are ${digests[0]!.slice(0, HASH_DIGITS)}: ${sameRun ? "the same run, changed since" : "another run"}`,
    ];
  }
  // A comparison shows two runs: there is nothing to draw again from one.
  if (data.runs.length > 1) return [];
  const expected = numbersOf(results, data.chart, data.theme);
  if (expected === null)
    return [`this version draws no chart "${plainText(data.chart, 40)}" from these results`];
  return digestOf(expected) === digestOf(data.series)
    ? []
    : ["its numbers are not those that this version of lbscale draws from these results"];
}

/** The numbers that a chart shows of these results; null where it is no chart of one run. */
function numbersOf(results: Results, id: string, themeName: string) {
  const chart = chartsOf(results).find((candidate) => candidate.id === id);
  const theme = THEME_NAMES.find((name) => name === themeName);
  if (chart === undefined || theme === undefined) return null;
  const picture = chart.build(results, { theme, ...SIZES.slide });
  return "skipped" in picture ? null : plottedSeries(picture.config);
}

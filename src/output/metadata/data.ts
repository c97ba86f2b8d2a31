/** What a picture carries in itself: the run it was drawn from and the numbers it shows. */

import type { ChartConfiguration } from "chart.js";
import { z } from "zod";
import { plottedSeries } from "../../charts/kit/plot-data.js";
import { resultsDigest } from "../../results/digest.js";
import type { Results } from "../../results/schema.js";

/** Changes where an older reader would misread. */
const FORMAT = 1;

const number = z.number().nullable();

const point = z.object({
  x: z.union([z.number(), z.string()]),
  /** null: could not be measured. */
  y: number,
  /** The ends of its interval, where one is drawn. */
  low: number.optional(),
  high: number.optional(),
});

const carriedRun = z.object({
  id: z.string(),
  startedAt: z.string(),
  seed: z.number(),
  command: z.string(),
  /** SHA-256 of its results. */
  results: z.string(),
});

export const chartDataSchema = z.object({
  lbscale: z.literal(FORMAT),
  /** SHA-256 of the picture without this data; zeros until it is known. */
  picture: z.string().regex(/^[0-9a-f]{64}$/),
  chart: z.string(),
  theme: z.string(),
  title: z.string(),
  /** The run that was drawn; of a comparison BASE and HEAD. */
  runs: z.array(carriedRun).min(1),
  series: z.array(z.object({ label: z.string(), points: z.array(point) })),
});

export type ChartData = z.infer<typeof chartDataSchema>;

const NO_DIGEST = "0".repeat(64);

/** The data of a chart, before its picture is drawn. */
export function chartData(
  chart: { readonly id: string; readonly theme: string; readonly title: string },
  runs: readonly Results[],
  config: ChartConfiguration,
): ChartData {
  return {
    lbscale: FORMAT,
    picture: NO_DIGEST,
    chart: chart.id,
    theme: chart.theme,
    title: chart.title,
    runs: runs.map((results) => {
      const { id, startedAt, seed, command } = results.run;
      return { id, startedAt, seed, command, results: resultsDigest(results) };
    }),
    series: plottedSeries(config),
  };
}

/** As JSON in ASCII without `<`, `>` and `&`, so that it needs no escaping in XML and no encoding anywhere. */
export function writeChartData(data: ChartData): string {
  return JSON.stringify(data).replace(
    /[^ -~]|[<>&]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Chart data from untrusted text; null where it is not valid. */
export function readChartData(text: string): ChartData | null {
  try {
    return chartDataSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

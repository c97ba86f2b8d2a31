/** What other tools write of their connections, as times that can be held against the cluster lane's. Pure. */

import { z } from "zod";
import { quantileSorted } from "../../src/stats/quantile.js";
import { formatCount, formatNs } from "../../src/text.js";

/** What one tool measured, nanoseconds. */
export interface Times {
  readonly samples: number;
  readonly failed: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** A line of the table. */
export interface Row extends Times {
  readonly what: string;
  readonly by: string;
}

/** Percentiles of those connections that were made; those that were not are counted. */
export function timesOf(times: readonly { readonly ns: number; readonly isReached: boolean }[]): Times {
  const sorted = Float64Array.from(times.filter(({ isReached }) => isReached).map(({ ns }) => ns)).sort();
  const at = (share: number) => quantileSorted(sorted, share);
  return {
    samples: sorted.length,
    failed: times.length - sorted.length,
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
  };
}

/** Bash's `EPOCHREALTIME`, such as `1764446400.000123`: the point is the locale's, and six digits follow it. */
export function microsecondsOf(epochRealtime = ""): number {
  return Number(epochRealtime.replace(/[.,]/, ""));
}

/** Lines of a shell that timed each connection: its begin and its end as `EPOCHREALTIME`, and its exit status. */
export function timesOfShell(text: string): Times {
  return timesOf(
    linesOf(text).map((line) => {
      const [from, to, status] = line.split(" ");
      return { ns: 1000 * (microsecondsOf(to) - microsecondsOf(from)), isReached: status === "0" };
    }),
  );
}

/** curl's `time_connect` of each connection in seconds: zero where none was made. */
export function timesOfCurl(text: string): Times {
  return timesOf(
    linesOf(text).map((line) => ({ ns: Math.round(1e9 * Number(line)), isReached: Number(line) > 0 })),
  );
}

const fortioSchema = z.object({
  DurationHistogram: z.object({
    Count: z.number(),
    Percentiles: z.array(z.object({ Percentile: z.number(), Value: z.number() })),
  }),
});

/**
 * fortio's JSON, which has percentiles in seconds and no single times.
 *
 * @param asked how many requests it was to make
 */
export function timesOfFortio(json: string, asked: number): Times {
  const { Count: samples, Percentiles } = fortioSchema.parse(JSON.parse(json)).DurationHistogram;
  const at = (percentile: number) =>
    1e9 * (Percentiles.find((each) => each.Percentile === percentile)?.Value ?? Number.NaN);
  return { samples, failed: asked - samples, p50: at(50), p90: at(90), p99: at(99) };
}

/** The table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  return [
    "| what | by | samples | failed | p50 | p90 | p99 |",
    "| ---- | -- | ------: | -----: | --: | --: | --: |",
    ...rows.map(({ what, by, samples, failed, ...percentiles }) => {
      const { p50, p90, p99 } = percentiles;
      const fields = [what, by, formatCount(samples), formatCount(failed), ...[p50, p90, p99].map(formatNs)];
      return `| ${fields.join(" | ")} |`;
    }),
  ].join("\n");
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

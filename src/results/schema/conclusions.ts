/** Of results.json: what follows from its cells. */

import { z } from "zod";
import { interval, lane } from "./cell.js";

/** d ln(time) / d ln(N) from one number of services to another: 0 is flat, 1 is proportional to N; see stats/exponent.ts. */
const localExponent = z.object({ from: z.number().int(), to: z.number().int(), value: z.number(), interval });

/** `a + b · f(N)` fitted to replicates; see stats/fit.ts. */
export const fit = z.object({
  plane: z.string(),
  lane,
  scenario: z.string(),
  variant: z.string().default(""),
  /** `time`: nanoseconds. Counts: `steps`, what the plane's program does by design (rules visited and map
   * lookups); `probes`, the hash entries that these lookups visit, which depends on how full tables are. */
  quantity: z.enum(["time", "steps", "probes"]),
  law: z.enum(["1", "log N", "N", "N log N"]),
  /** Share of bootstrap resamples that chose the same law. */
  support: z.number(),
  intercept: z.number(),
  /** Per unit of f(N). null for a constant. */
  slope: z.object({ value: z.number(), interval }).nullable(),
  /** p of `a + b · N^p`. null for a constant, and where the law does not describe the cells. */
  exponent: z.object({ value: z.number(), interval }).nullable(),
  /** Largest distance between the law and a cell's median, as a share of that median: a law that is far off somewhere
   * is only the least wrong one. */
  worstDeviation: z.number(),
  /** Whether the law describes the cells: no deviation beyond 25 %. */
  describes: z.boolean(),
  /** Whether the cells have the replicates that it takes to determine a law of time (six); counts are exact. */
  determined: z.boolean().default(true),
  /** Of time: the exponent over the last decade of N. null: counts, not determined, or a run of before 0.2. */
  lastDecade: localExponent.nullable().default(null),
  /** Of time: the stretch between neighbouring N where it grows most steeply. null as `lastDecade` is. */
  steepest: localExponent.nullable().default(null),
  services: z.array(z.number().int()),
});

export const crossover = z.object({
  lane,
  scenario: z.string(),
  variant: z.string().default(""),
  /** The plane that is faster beyond `services`, and the one it overtakes there. */
  faster: z.string(),
  slower: z.string(),
  services: z.number(),
  interval,
  /** Share of resamples with these crossings and no others. */
  support: z.number(),
});

/** Does when a cell was measured matter? Spearman's rank correlation with log(replicate / its cell's median). */
export const orderEffect = z.object({
  /** Against the place within a block. */
  place: z.object({ rho: z.number(), p: z.number() }),
  /** Against the order over the whole run: drift of the machine. */
  drift: z.object({ rho: z.number(), p: z.number() }),
});

export const finding = z.object({
  id: z.string(),
  /** At most ten words: fit for a chart's title. */
  headline: z.string(),
  sentence: z.string(),
  /** The cells it rests on, as `plane/scenario/services`. */
  cells: z.array(z.string()),
  value: z.number(),
  interval,
});

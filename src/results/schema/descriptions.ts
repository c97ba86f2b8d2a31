/** Of results.json: what planes and scenarios say about themselves. */

import { z } from "zod";

const colour = z.string().regex(/^#[0-9A-Fa-f]{6}$/);

/** How a plane is shown and what is said about it: what it says about itself (src/planes/descriptor.ts). */
export const planeReport = z.object({
  label: z.string(),
  shortLabel: z.string(),
  columnLabel: z.string(),
  colours: z.object({ light: colour, lightLabel: colour, dark: colour, lightColumn: colour.optional() }),
  marker: z.enum(["circle", "triangle", "rect", "rectRot", "crossRot", "star", "cross"]),
  /** Place in columns and legends, ascending from the left. */
  order: z.number(),
  role: z.enum(["proxy", "baseline"]),
  structure: z.enum(["list", "hash", "buckets", "trie", "none"]),
  /** Findings that may name it as their subject; see src/results/descriptors.ts. */
  claims: z.array(z.string()),
  /** Whether the model counts the bytes that it takes in the kernel. */
  memoryModelled: z.boolean(),
  /** Where flows enter this plane, if not where the run's others do: its clients are then outside the cluster. */
  entry: z.literal("loadBalancer").optional(),
  /** Tables of fixed size as they are installed, and what a Service of one port and a cluster IP takes of each. */
  stockMaps: z
    .array(
      z.object({
        what: z.string(),
        most: z.number().positive(),
        perService: z.number().nonnegative(),
        perEndpoint: z.number().nonnegative(),
        /** The option of planes that makes it larger; null: nothing does. */
        option: z.string().nullable(),
      }),
    )
    .readonly()
    .optional(),
});

/** What a scenario says about itself (src/measure/scenario.ts). */
export const scenarioReport = z.object({
  label: z.string(),
  question: z.string(),
  /** Of its cells: nanoseconds of one operation, or exact counts. */
  unit: z.enum(["ns", "counts"]),
  /** What its x axis counts. */
  axis: z.enum(["services", "endpoints"]),
  /** Whether its packets walk a rule list, wherever their service is in it. */
  positionMatters: z.boolean(),
  /** What is timed, by lane or `lane/variant`; `{entry}` is where flows enter. */
  captions: z.record(z.string(), z.string()),
  /** Its own chart, where no other shows it. */
  chart: z.object({ title: z.string(), neutralTitle: z.string() }).optional(),
});

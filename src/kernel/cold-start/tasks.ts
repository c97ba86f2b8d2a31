/** What the sandbox is asked about a new node's nftables rules, and what it answers: plain JSON, one report per line. */

import { z } from "zod";
import { FAMILIES } from "../../cluster/family.js";
import { measuringSchema } from "../tasks.js";

const count = z.number().int().nonnegative();
const where = { cell: count, block: count, place: count };

/** The rules of one version of kube-proxy at one number of services, handed over in transactions of one size. */
const cellSchema = z.object({
  plane: z.string(),
  services: count,
  /** Services of a transaction; null: all in one, as kube-proxy does. */
  stage: count.nullable(),
});
export type ColdStartCell = z.infer<typeof cellSchema>;

export const coldStartTaskSchema = measuringSchema.extend({
  task: z.literal("cold start"),
  cells: z.array(cellSchema).readonly(),
  /** Which cell is loaded when, onto a fresh node each time. */
  visits: z.array(z.object(where)).readonly(),
  family: z.literal(FAMILIES),
  /** Time for one load. */
  limitMs: z.number(),
});
export type ColdStartTask = z.infer<typeof coldStartTaskSchema>;

export const coldStartReportSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("loaded"),
    ...where,
    /**
     * From the start to the end of nft, added up over transactions; and of that the processor's time in nft
     * and in the kernel.
     */
    ns: z.number(),
    toolNs: z.number(),
    kernelNs: z.number(),
    /** The longest transaction: as long others that write wait. */
    longestNs: z.number(),
    transactions: count,
    /** What the kernel passes of its list of sets and of transactions, as the model counts. */
    setsPassed: count,
    entriesPassed: count,
    /** What `nft --version` says. */
    nft: z.string(),
    wallMs: z.number(),
  }),
  /** It was not loaded. */
  z.object({ kind: z.literal("gap"), ...where, reason: z.string(), spentMs: z.number() }),
]);
export type ColdStartReport = z.infer<typeof coldStartReportSchema>;

/** What the sandbox is asked about a new node's nftables rules, and what it answers: plain JSON, a report a line. */

import { z } from "zod";
import type { Family } from "../../cluster/family.js";
import type { PlaneId } from "../../planes/plane.js";

/** The rules of one version of kube-proxy at one number of services, handed over in transactions of one size. */
export interface ColdStartCell {
  readonly plane: PlaneId;
  readonly services: number;
  /** Services of a transaction; null: all in one, as kube-proxy does. */
  readonly stage: number | null;
}

export interface ColdStartTask {
  readonly task: "cold start";
  readonly cells: readonly ColdStartCell[];
  /** Which cell is loaded when, onto a fresh node each time. */
  readonly visits: readonly { readonly cell: number; readonly block: number; readonly place: number }[];
  readonly endpointsPerService: number;
  readonly family: Family;
  readonly seed: number;
  readonly cpu: number | null;
  /** Path of the nft that is measured; null: the system's. */
  readonly nft: string | null;
  /** Time for one load, and for all of them; null: no limit. */
  readonly limitMs: number;
  readonly budgetMs: number | null;
}

const count = z.number().int().nonnegative();
const where = { cell: count, block: count, place: count };

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

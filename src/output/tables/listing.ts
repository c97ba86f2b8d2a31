/** What a time of nothing means: a program that starts no tool to list rules either lists none, or lists them itself. */

import { planeReport } from "../../results/descriptors.js";
import type { Cell, Results } from "../../results/schema.js";

/** The variant of bench/kernel.ts that times the tools which read rules back. */
const LISTING = "listing";

/**
 * `in rest`: kube-proxy's nftables mode lists over netlink in its own process, which is counted in the rest of a change.
 * `none`: nothing is listed. null: a time.
 */
export function formatListed(
  { lane, variant, plane, estimate, facts }: Cell,
  results: Results,
): string | null {
  if (lane !== "kernel" || variant !== LISTING || estimate === null || estimate.interval[1] > 0) return null;
  const isNft = facts.tables === "nft" && planeReport(results, plane).structure === "hash";
  return isNft ? "in rest" : "none";
}

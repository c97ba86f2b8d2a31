/**
 * Stands in for `node:crypto` in report.html. The page holds a run without its single samples, whose hash is another: it
 * states that of the results.json it was made from.
 */

import { loadData } from "./data.js";

/** Its `digest` is the SHA-256 of results.json, whatever it is given. */
export function createHash() {
  const hash = { update: () => hash, digest: () => loadData().resultsHash };
  return hash;
}

/** What tells one result from another. */

import { createHash } from "node:crypto";
import type { Results } from "./schema.js";

const digests = new WeakMap<Results, string>();

/** SHA-256 of the results as canonical JSON, in hex. Computed once an object: results do not change once they are drawn. */
export function resultsDigest(results: Results): string {
  let digest = digests.get(results);
  if (digest === undefined) {
    digest = digestOf(results);
    digests.set(results, digest);
  }
  return digest;
}

/** SHA-256 of a value as canonical JSON (keys sorted, no spaces), in hex. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

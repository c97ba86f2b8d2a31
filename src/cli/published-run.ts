/** The published run that ships with lbscale: what predictions rest on unless another run is named. */

import { fileURLToPath } from "node:url";
import { UsageError } from "../errors.js";
import { holdsResults, readResults } from "../results/files.js";
import type { Results } from "../results/schema.js";

/** results/ lies next to dist/, in a checkout and when installed. */
const PUBLISHED = fileURLToPath(new URL("../../../results/default", import.meta.url));

export interface NamedRun {
  /** As a person knows it: holds no path. */
  readonly name: string;
  readonly results: Results;
}

/** The run of a path, or the published `default` run. Throws UsageError if there is none. */
export function runOrPublished(path: string | undefined): NamedRun {
  if (path !== undefined) {
    const results = readResults(path);
    return { name: `run ${results.run.id}`, results };
  }
  if (!holdsResults(PUBLISHED))
    throw new UsageError("the published run is missing from this installation: name a run with --run");
  const results = readResults(PUBLISHED);
  return { name: `the published run ${results.run.id}`, results };
}

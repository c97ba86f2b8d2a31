/** The published run that ships with lbscale: what predictions rest on unless another run is named. */

import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors.js";
import { holdsResults, readResults } from "../results/files.js";
import type { Results } from "../results/schema.js";

/** results/ lies next to dist/, in a checkout and when installed. */
const PUBLISHED = fileURLToPath(new URL("../../../results", import.meta.url));

export interface NamedRun {
  /** As a person knows it: holds no path. */
  readonly name: string;
  readonly results: Results;
}

/** The run of a path, or the newest published `default` run. Throws UsageError if there is none. */
export function runOrPublished(path: string | undefined): NamedRun {
  if (path !== undefined) {
    const results = readResults(path);
    return { name: `run ${results.run.id}`, results };
  }
  const names = existsSync(PUBLISHED) ? readdirSync(PUBLISHED) : [];
  const newest = names
    .filter((name) => /^\d{4}-\d\d-\d\d-default/.test(name) && holdsResults(join(PUBLISHED, name)))
    .sort()
    .at(-1);
  if (newest === undefined) throw new UsageError("no published run is here: name one with --run");
  return {
    name: `the published run ${basename(newest)}`,
    results: readResults(join(PUBLISHED, newest)),
  };
}

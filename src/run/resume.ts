/** `run --resume`: which stored runs can be finished here. */

import { VERSION } from "../cli/version.js";
import { UsageError } from "../errors.js";
import { readEnvironment } from "../measure/environment.js";
import { pinnableCpu } from "../measure/spawn.js";
import { readResults } from "../results/files.js";
import type { Environment, Results } from "../results/schema.js";

/**
 * The stored run in `out`. Throws UsageError where there is none, where it is complete, and where its replicates would not
 * be comparable with those measured now: another version, machine, Node or commit.
 */
export function loadResumableRun(args: { out: string | undefined; cluster: string | undefined }): Results {
  if (args.out === undefined) throw new UsageError("--resume needs --out: the folder of the run to finish");
  const results = readResults(args.out);
  if (results.run.complete) throw new UsageError(`the run in ${args.out} is complete: nothing to resume`);
  if (args.cluster !== undefined && results.cluster.source !== "imported") {
    throw new UsageError(`the run in ${args.out} measures synthetic clusters: resume it without --cluster`);
  }
  const elsewhere = [
    ...(results.tool.version === VERSION ? [] : [`lbscale was ${results.tool.version} and is ${VERSION}`]),
    ...differences(results.environment, readEnvironment(pinnableCpu())),
  ];
  if (elsewhere.length > 0) {
    throw new UsageError(
      `the run in ${args.out} began under other conditions: ${elsewhere.join("; ")}; start a new run`,
    );
  }
  return results;
}

/** What must be the same in all replicates of a run. */
function differences(then: Environment, now: Environment): string[] {
  const fields = ["cpu", "cores", "node", "v8", "execArgv", "pinnedCpu", "gitCommit"] as const;
  return fields
    .filter((field) => JSON.stringify(then[field]) !== JSON.stringify(now[field]))
    .map((field) => `${field} was ${String(then[field])} and is ${String(now[field])}`);
}

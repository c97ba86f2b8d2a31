/** Which stored runs can be finished here. */

import { readEnvironment } from "../measure/environment.js";
import { pinnableCpu } from "../measure/spawn.js";
import { readResults } from "../results/files.js";
import type { Environment, Results } from "../results/schema.js";
import { VERSION } from "../version.js";
import { NotResumableError } from "./errors.js";

/**
 * Reads the run that is to be finished.
 *
 * @param out The run's folder.
 * @param hasCluster Whether an imported cluster is given for it.
 * @returns The stored run, incomplete.
 * @throws ResultsFileError where there is none; NotResumableError where it is complete, where the cluster is
 * missing or superfluous, and where its replicates would not be comparable with those measured now: another
 * version, machine, Node or commit.
 */
export function loadResumableRun(out: string, hasCluster: boolean): Results {
  const results = readResults(out);
  const imported = results.cluster.source === "imported";
  if (results.run.complete) throw new NotResumableError(`the run in ${out} is complete: nothing to resume`);
  if (hasCluster && !imported) {
    throw new NotResumableError(`the run in ${out} measures synthetic clusters: resume it without a cluster`);
  }
  if (!hasCluster && imported) {
    throw new NotResumableError("this run measures an imported cluster: give it again");
  }
  const elsewhere = [
    ...(results.tool.version === VERSION ? [] : [`lbscale was ${results.tool.version} and is ${VERSION}`]),
    ...differences(results.environment, readEnvironment(pinnableCpu())),
  ];
  if (elsewhere.length > 0) {
    throw new NotResumableError(
      `the run in ${out} was started in a different environment: ${elsewhere.join("; ")}; start a new run`,
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

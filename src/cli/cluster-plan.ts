/** Before a run in a cluster: what it would make, as words that are agreed to or as manifests. */

import { createInterface } from "node:readline/promises";
import { stringify } from "yaml";
import { type Rehearsal, rehearseRun } from "../cluster-lane/inspect/admission.js";
import { UNKNOWN_PLANE } from "../cluster-lane/inspect/detect.js";
import { type ClusterState, chooseFamilies } from "../cluster-lane/inspect/preflight.js";
import { describeApiError } from "../cluster-lane/inspect/refusals.js";
import { manifestsOf } from "../cluster-lane/manifests.js";
import type { ClusterSettings } from "../cluster-lane/options.js";
import { type ClusterJob, formatPlan } from "../cluster-lane/plan.js";
import { CheckFailedError, InputError, UsageError } from "../errors.js";
import { readResults } from "../results/files.js";
import { clusterJob, type Inspected, inspect, resumedJob } from "../run/lanes/cluster/job.js";
import type { RunSpec } from "../run/spec.js";
import { messageOf } from "./options/settings.js";
import { note, print } from "./output.js";

/**
 * Looks at the cluster, says what will be made, and asks.
 *
 * @returns whether the run is to begin: not after `dryRun`, and not after a no
 * @throws UsageError where nobody can be asked
 */
export async function agreeOnCluster(
  spec: RunSpec,
  { dryRun, yes }: { readonly dryRun: boolean; readonly yes: boolean },
): Promise<boolean> {
  const job = clusterJob(spec, "run");
  if (dryRun) {
    const state = await inspectForManifests(job);
    await print(
      "# Addresses are examples (192.0.2.0/24, 2001:db8::/32): the cluster gives its own. Grant the roles with a binding to try the rest.\n",
    );
    for (const manifest of manifestsOf(job, state)) await print(`---\n${stringify(manifest)}`);
    return false;
  }
  return agree(job, await inspect(job), yes);
}

/**
 * The same for the rest of a run. Runs of other lanes need no consent.
 *
 * @throws InputError for options of the cluster lane with a run of another.
 */
export async function agreeOnResumed(
  out: string,
  where: ClusterSettings | undefined,
  yes: boolean,
): Promise<boolean> {
  const results = readResults(out);
  const lane = results.cells[0]?.lane;
  if (lane !== "cluster") {
    if (!yes) return true;
    throw new UsageError(
      `--yes is for runs of the cluster lane, and this one is of lane ${lane}: leave it out`,
    );
  }
  if (results.run.complete) return true;
  const job = resumedJob(results, where);
  // Quotas count what a killed run left until that is removed, after which all is rehearsed.
  return agree(job, await inspect(job, { rehearse: async () => [] }), yes);
}

async function agree(job: ClusterJob, state: Inspected, yes: boolean): Promise<boolean> {
  for (const line of [...formatPlan(job, state), ...state.notes]) note(line);
  if (state.plane.id === UNKNOWN_PLANE.id) note("--plane-name names the data plane, and is stored");
  if (yes) return true;
  if (!process.stdin.isTTY) throw new UsageError("no terminal to confirm on: add --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question("Begin? [y/N] ");
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/**
 * Manifests are for those too whom the cluster refuses the run: what was found holds all the same. What it does not report,
 * to those who lack the rights, is filled with examples.
 */
async function inspectForManifests(
  job: ReturnType<typeof clusterJob>,
): Promise<Pick<ClusterState, "image" | "families" | "probes" | "pulls">> {
  const refusals: string[] = [];
  const rehearse: Rehearsal = async (...run) => {
    if (refusals.length > 0) return [];
    try {
      return await rehearseRun(...run);
    } catch (error) {
      const described = describeApiError(error);
      if (!(described instanceof InputError || described instanceof CheckFailedError)) throw error;
      refusals.push(messageOf(described));
      return [];
    }
  };
  const onRefusal = (refusal: Error) => refusals.push(messageOf(refusal));
  try {
    const state = await inspect(job, { rehearse, onRefusal });
    for (const line of state.notes) note(line);
    for (const line of refusals) note(`${line}; printed all the same`);
    return state;
  } catch (error) {
    note(`${messageOf(error)}; printed for one amd64 node all the same`);
    return {
      image: job.options.image ?? "registry.k8s.io/pause:3.10",
      probes: new Map([["amd64", 1]]),
      pulls: false,
      families: chooseFamilies(job.family, { ranges: [], offered: [] }),
    };
  }
}

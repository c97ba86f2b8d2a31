/** Before a run in a cluster: what it would make, as words that are agreed to or as manifests. */

import { createInterface } from "node:readline/promises";
import { stringify } from "yaml";
import { type ClusterState, chooseFamilies } from "../cluster-lane/inspect/preflight.js";
import { manifestsOf } from "../cluster-lane/manifests.js";
import type { ClusterSettings } from "../cluster-lane/options.js";
import { type ClusterJob, formatPlan } from "../cluster-lane/plan.js";
import { UsageError } from "../errors.js";
import { readResults } from "../results/files.js";
import { clusterJob, inspect, resumedJob } from "../run/lanes/cluster/job.js";
import type { RunSpec } from "../run/spec.js";
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
  return agree(job, yes);
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
  return results.run.complete || agree(resumedJob(results, where), yes);
}

async function agree(job: ClusterJob, yes: boolean): Promise<boolean> {
  const state = await inspect(job);
  for (const line of formatPlan(job, state)) note(line);
  for (const warning of state.warnings) note(`the API server warns: ${warning}`);
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

/** Manifests are for those too who lack the rights: what the cluster does not report is filled with examples. */
async function inspectForManifests(
  job: ReturnType<typeof clusterJob>,
): Promise<Pick<ClusterState, "image" | "families" | "probes" | "pulls">> {
  try {
    return await inspect(job);
  } catch (error) {
    note(
      `${error instanceof Error ? error.message : String(error)}; printed for one amd64 node all the same`,
    );
    return {
      image: job.options.image ?? "registry.k8s.io/pause:3.10",
      ...{ probes: new Map([["amd64", 1]]), pulls: false },
      families: chooseFamilies(job.family, { ranges: [], offered: [] }),
    };
  }
}

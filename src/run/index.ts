/**
 * `lbscale/run`: runs benchmarks from a program, and times models at a glance.
 *
 * @packageDocumentation
 */

import { CATALOG } from "../catalog.js";
import type { Results } from "../results/schema.js";
import { LANES } from "./lanes/index.js";
import { type ResumeOptions, type RunOptions, resumeRun, startRun } from "./session.js";
import { checkRunSpec, createRunSpecSchema, type RunSpec, type RunSpecInput } from "./spec.js";

export type { Cluster } from "../cluster/cluster.js";
export { clusterDigest } from "../cluster/digest.js";
export type { DualStack, Family, FamilyChoice } from "../cluster/family.js";
export { generateTrace, type TraceOptions } from "../cluster/flows.js";
export type { ClusterSettings } from "../cluster-lane/options.js";
export type { KernelCatalog, KernelProfile, KernelScenario } from "../kernel/catalog.js";
export type { KernelLane } from "../kernel/testbed/sandbox.js";
export type { Catalog, Derived, Profile } from "../measure/catalog.js";
export type { Timer } from "../measure/replicate/clock.js";
export type { Counted, MeanWork, Measured, Singles } from "../measure/replicate/measured.js";
export { type QuickOptions, type QuickTiming, timeLookups } from "../measure/replicate/quick-timing.js";
export type { Job, Scenario, ScenarioReport, Size } from "../measure/scenario.js";
export type { PlaneEntry } from "../planes/registry-loader.js";
export type { Results, ScenarioDescription } from "../results/schema.js";
export type { Toleration } from "../values.js";
export type { BenchmarkCatalog } from "./catalog.js";
export { InterruptedRunError, NotResumableError, UnsavedRunError } from "./errors.js";
export type { RunEvent } from "./events.js";
export type { ResumeOptions, RunOptions, SessionOptions } from "./session.js";
export { InvalidRunSpecError, type RunSpec, type RunSpecInput } from "./spec.js";

/** The zod schema of a run's specification. Everything has a default. */
export const runSpecSchema = createRunSpecSchema(LANES);

/**
 * Checks a specification and fills in its defaults.
 *
 * @param input What a program or the command line asks for.
 * @returns The specification, whose numbers are within bounds and whose options the lane uses.
 * @throws InvalidRunSpecError for the first field that can't be used.
 * @example
 * ```ts
 * import { parseRunSpec } from "lbscale/run";
 *
 * const { lane, seed } = parseRunSpec({ profile: "quick", services: [1, 1000] });
 * console.log(lane, seed); // model 1
 * ```
 */
export function parseRunSpec(input: unknown): RunSpec {
  return checkRunSpec(input, LANES);
}

/**
 * Runs a benchmark: measures what the specification asks for, and concludes.
 *
 * @param spec What to measure. `{}` is the default profile of the model lane, which takes minutes.
 * @param options Where the run is kept, how it reports, and what ends it early. Without `out` nothing is written.
 * @returns The run as results.json holds it; times in nanoseconds.
 * @throws InvalidRunSpecError or another InputError for what can't be measured; CheckFailedError where a plane decides
 * wrongly; InterruptedRunError, with what was measured, once the signal aborts.
 * @example
 * ```ts
 * import { runBenchmark } from "lbscale/run";
 *
 * const results = await runBenchmark({ profile: "quick", services: [1, 100], planes: ["iptables", "ebpf"] });
 * for (const { plane, services, estimate } of results.cells) console.log(plane, services, estimate?.median);
 * ```
 */
export function runBenchmark(spec: RunSpecInput, options: RunOptions = {}): Promise<Results> {
  return startRun(spec, { ...options, catalog: options.catalog ?? CATALOG });
}

/**
 * Finishes an interrupted run, in the lane that it was started in.
 *
 * @param options The run's folder, and its cluster where it measures an imported one.
 * @returns The run as results.json holds it, with the estimates, fits and findings of all its cells.
 * @throws NotResumableError where the run in the folder can't be finished on this machine; otherwise as `runBenchmark`.
 * @example
 * ```ts
 * import { resumeBenchmark } from "lbscale/run";
 *
 * const results = await resumeBenchmark({ out: "results/runs/2026-01-31-default" });
 * ```
 */
export function resumeBenchmark(options: ResumeOptions): Promise<Results> {
  return resumeRun({ ...options, catalog: options.catalog ?? CATALOG });
}

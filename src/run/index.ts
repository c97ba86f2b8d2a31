/**
 * `lbscale/run`: runs benchmarks from a program.
 *
 * @packageDocumentation
 */

import { CATALOG } from "../catalog.js";
import type { Results } from "../results/schema.js";
import * as session from "./session.js";
import type { RunSpecInput } from "./spec.js";

export type { BenchmarkCatalog } from "./catalog.js";
export { InterruptedRunError } from "./errors.js";
export type { RunEvent } from "./events.js";
export { InvalidRunSpecError, parseRunSpec, type RunSpec, type RunSpecInput, runSpecSchema } from "./spec.js";

/** Options of `runBenchmark`; the catalog is this package's unless another is given. */
export type RunOptions = Omit<session.RunOptions, "catalog"> & Partial<Pick<session.RunOptions, "catalog">>;
/** Options of `resumeBenchmark`; the catalog is this package's unless another is given. */
export type ResumeOptions = Omit<session.ResumeOptions, "catalog"> &
  Partial<Pick<session.ResumeOptions, "catalog">>;

/**
 * Runs a benchmark: measures what the specification asks for, and concludes.
 *
 * @param spec What to measure. `{}` is the default profile of the model lane, which takes minutes.
 * @param options Where the run is kept, how it reports, and what ends it early. Without `out` nothing is written.
 * @returns The run as results.json holds it; times in nanoseconds.
 * @throws InvalidRunSpecError or another InputError for what can't be measured; CheckFailedError where a plane decides
 * wrongly; InterruptedRunError, with what was measured, once the signal aborts.
 * @example
 * const results = await runBenchmark({ profile: "quick", services: [1, 100], planes: ["iptables", "ebpf"] });
 * for (const { plane, services, estimate } of results.cells) console.log(plane, services, estimate?.median);
 */
export function runBenchmark(spec: RunSpecInput, options: RunOptions = {}): Promise<Results> {
  return session.runBenchmark(spec, { catalog: CATALOG, ...options });
}

/**
 * Finishes an interrupted run of the model lane.
 *
 * @param options The run's folder, and its cluster where it measures an imported one.
 * @returns The run as results.json holds it.
 * @throws InputError where the folder holds no run that can be finished on this machine; otherwise as `runBenchmark`.
 */
export function resumeBenchmark(options: ResumeOptions): Promise<Results> {
  return session.resumeBenchmark({ catalog: CATALOG, ...options });
}

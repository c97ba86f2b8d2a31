/** A quick look at models in one process: for a plane that is being written. What is published is measured by `run`. */

import { Bench, hrtimeNow } from "tinybench";
import type { FlowTrace } from "../../cluster/flows.js";
import type { Model } from "../../planes/plane.js";
import { compileBatch } from "./batch.js";

/** A model's time: what `timeLookups` returns for each. */
export interface QuickTiming {
  readonly name: string;
  /** Median over batches of the mean lookup of a batch, nanoseconds. */
  readonly medianNs: number;
}

/** Settings of `timeLookups`. */
export interface QuickOptions {
  /** Lookups of a batch: the trace should be drawn for the same. */
  readonly batch: number;
  /** Of each model. */
  readonly measureMs?: number;
  readonly warmupMs?: number;
}

/**
 * Times the lookups of models one after another in this process, in the order given. One process on one core has no
 * interval, and the models share its caches: compare by the factor, never publish.
 *
 * @param models Models by the name to report them under.
 * @param trace Flows to look up, again and again.
 * @param options `batch`: lookups between two readings of the clock. Times in milliseconds.
 * @returns Nanoseconds per lookup, one entry per model, in the order given.
 * @example
 * ```ts
 * import { generateCluster, PLANES } from "lbscale";
 * import { generateTrace, timeLookups } from "lbscale/run";
 *
 * const cluster = generateCluster({ services: 100, seed: 1 });
 * const models = new Map(PLANES.map((plane) => [plane.id, plane.compile(cluster).model(1)]));
 * const trace = generateTrace(cluster, { flows: 6000, batch: 100, seed: 1 });
 * for (const { name, medianNs } of timeLookups(models, trace, { batch: 100, measureMs: 20, warmupMs: 10 }))
 *   console.log(`${name}: ${medianNs.toFixed(0)} ns`);
 * ```
 */
export function timeLookups(
  models: ReadonlyMap<string, Pick<Model, "lookup">>,
  trace: FlowTrace,
  { batch, measureMs = 300, warmupMs = 150 }: QuickOptions,
): QuickTiming[] {
  const bench = new Bench({ now: hrtimeNow, time: measureMs, warmupTime: warmupMs, throws: true });
  for (const [name, model] of models) {
    const run = compileBatch(model, "lookup", trace.words);
    let start = 0;
    bench.add(
      name,
      () => {
        const started = hrtimeNow();
        run(start, batch);
        const elapsedMs = hrtimeNow() - started;
        start = start + 2 * batch <= trace.length ? start + batch : 0;
        return { overriddenDuration: elapsedMs / batch, overriddenIterationCost: elapsedMs };
      },
      { async: false },
    );
  }
  bench.runSync();
  return bench.tasks.map(({ name, result }) => ({
    name,
    medianNs: "latency" in result ? result.latency.p50 * 1e6 : Number.NaN,
  }));
}

/** A benchmark run for a person at a terminal: signals stop it, progress is shown, the interruption says how to go on. */

import type { Cluster } from "../cluster/cluster.js";
import type { DualStack } from "../cluster/family.js";
import type { ClusterSettings } from "../cluster-lane/options.js";
import { CheckFailedError } from "../errors.js";
import type { Results } from "../results/schema.js";
import {
  InterruptedRunError,
  type RunEvent,
  type RunSpecInput,
  resumeBenchmark,
  runBenchmark,
  UnsavedRunError,
} from "../run/index.js";
import { InterruptedError, withAbortOnSignal } from "./interruption.js";
import { returnToUser } from "./ownership.js";
import { RunDisplay } from "./terminal.js";

/** What is to be measured: a new run, or the rest of one. */
export type Measurement = {
  readonly cluster: Cluster | DualStack | undefined;
  /** Called with the events of the run before they are shown. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Done with the results before their folder is given back: charts and tables. */
  readonly finish?: (results: Results, out: string) => Promise<void>;
} & (
  | {
      readonly spec: RunSpecInput;
      readonly command: string;
      readonly out: string | ((runId: string) => string);
    }
  | { readonly resume: string; readonly clusterLane?: ClusterSettings | undefined }
);

/**
 * Measures, and shows how far it is.
 *
 * @returns The run and its folder.
 * @throws InterruptedError that says where the results are and how to finish the run.
 */
export async function measureForTerminal(what: Measurement): Promise<{ results: Results; out: string }> {
  const display = new RunDisplay();
  const beganAt = Date.now();
  let out = "resume" in what ? what.resume : "";
  let started = false;
  const onProgress = (event: RunEvent): void => {
    if (event.kind === "planned") {
      started = true;
      out = event.out ?? out;
    }
    what.onEvent?.(event);
    display.show(event);
  };
  return withAbortOnSignal(async (signal) => {
    const common = { cluster: what.cluster, onProgress, signal };
    try {
      const results =
        "resume" in what
          ? await resumeBenchmark({ ...common, out: what.resume, clusterLane: what.clusterLane })
          : await runBenchmark(what.spec, { ...common, out: what.out, command: what.command });
      display.end();
      await what.finish?.(results, out);
      return { results, out };
    } catch (error) {
      if (signal.aborted && error === signal.reason)
        throw new InterruptedError("interrupted before anything was measured: nothing was written");
      const cluster = what.cluster === undefined ? "" : " --cluster THE-SAME";
      const resume = `with: lbscale run --resume --out ${out}${cluster}`;
      if (error instanceof UnsavedRunError) throw new CheckFailedError(`${error.message} ${resume}`);
      if (!(error instanceof InterruptedRunError)) throw error;
      const hint = error.resumable ? `; finish it ${resume}` : "";
      throw new InterruptedError(`${error.message}${hint}; lbscale report ${out} draws what is there`);
    } finally {
      display.end();
      if (started) returnToUser(out, beganAt);
    }
  });
}

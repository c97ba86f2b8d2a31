/** `lookup`: choosing an endpoint for the first packet of a flow. No state is kept but the schedulers' own. */

import type { Cluster } from "../src/cluster/cluster.js";
import type { FlowTrace } from "../src/cluster/flows.js";
import { compileBatch, compileEmptyBatch } from "../src/measure/replicate/batch.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import {
  calibrationTrace,
  compileFor,
  disagreementsOf,
  explainWith,
  multipleOf,
  traceOf,
} from "../src/measure/replicate/traffic.js";
import type { Job, Prepared, Scenario, Subject } from "../src/measure/scenario.js";
import type { Model, Plane } from "../src/planes/plane.js";

export const lookup: Scenario = {
  id: "lookup",
  label: "Choosing an endpoint for a new flow",
  question: "How does the latency of a decision grow with the number of Services?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: true,
    captions: {
      model: "Median lookup time of a new flow to a {entry}",
      kernel: "Median time of a lookup in the kernel's maps (BPF_PROG_TEST_RUN), less an empty program's",
    },
  },
  measure: (job, cluster, plane) => measureLatency(prepareLookup, job, cluster, plane),
};

/** The timed lookups of a job. */
export function prepareLookup(job: Job, cluster: Cluster, plane: Plane): Prepared {
  const program = compileFor(job, cluster, plane);
  const model = program.model(job.seed);
  return {
    programBytes: program.bytes(),
    facts: program.facts(),
    disagreements: disagreementsOf(job, program, model),
    multiple: multipleOf(program),
    calibration: () => lookupSubject(model, calibrationTrace(job, program)),
    subject: (batch) => lookupSubject(model, traceOf(job, program, batch)),
  };
}

/** Lookups of a trace on a model. */
export function lookupSubject(model: Model, { words, length }: FlowTrace): Subject {
  return {
    operations: length,
    reset: (block) => model.reset(block + 1),
    run: compileBatch(model, "lookup", words),
    runNoop: compileEmptyBatch(words),
    explain: explainWith((flow) => model.explain(flow, 0), words),
  };
}

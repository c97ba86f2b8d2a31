/** `lookup`: choosing an endpoint for the first packet of a flow. No state is kept but the schedulers' own. */

import type { Cluster } from "../src/cluster/cluster.js";
import { type FlowTrace, flowAt, generateTrace } from "../src/cluster/flows.js";
import { addToChecksum, compileBatch, EMPTY_LOOKUP } from "../src/measure/batch.js";
import { measureLatency } from "../src/measure/replicate.js";
import type { Job, Prepared, Scenario, Subject } from "../src/measure/scenario.js";
import { addWork, type Model, type Plane, type Program, type Work } from "../src/planes/plane.js";
import { verifyPlanes } from "../src/planes/verify.js";

/** Flows of a trace, at least: more than branch predictors remember. */
const TRACE_FLOWS = 1 << 14;
const CALIBRATION_FLOWS = 1 << 11;
const VERIFIED_FLOWS = 500;

export const lookup: Scenario = {
  id: "lookup",
  label: "Choosing an endpoint for a new flow",
  question: "How does the latency of a decision grow with the number of services?",
  measure: (job, cluster, plane) => measureLatency(prepareLookup, job, cluster, plane),
};

/** The timed lookups of a job. */
export function prepareLookup(job: Job, cluster: Cluster, plane: Plane): Prepared {
  const program = plane.compile(cluster, { ...job.options, seed: job.seed });
  const model = program.model(job.seed);
  const first = trace(job, program, { flows: VERIFIED_FLOWS });
  const { disagreements } = verifyPlanes(cluster, new Map([[job.plane, model]]), first);
  return {
    programBytes: program.bytes(),
    facts: program.facts(),
    disagreements,
    calibration: () => lookupSubject(model, trace(job, program, { flows: CALIBRATION_FLOWS })),
    subject: (batch) => {
      const wanted = Math.max(TRACE_FLOWS, 2 * cluster.servicePorts);
      return lookupSubject(model, trace(job, program, { flows: batch * Math.ceil(wanted / batch), batch }));
    },
  };
}

function trace(job: Job, program: Program, size: { flows: number; batch?: number }): FlowTrace {
  return generateTrace(program.cluster, {
    ...size,
    ...(program.order && { order: program.order }),
    seed: job.seed,
    entry: job.entry,
    zipf: job.zipf,
    misses: job.misses,
  });
}

function lookupSubject(model: Model, { words, length }: FlowTrace): Subject {
  return {
    operations: length,
    reset: (block) => model.reset(block + 1),
    run: compileBatch(model, words),
    runEmpty: compileBatch(EMPTY_LOOKUP, words),
    explain: (start, count, total) => explainBatch(model, words, start, count, total),
  };
}

function explainBatch(model: Model, words: Int32Array, start: number, count: number, total: Work): number {
  let checksum = 0;
  for (let flow = start; flow < start + count; flow++) {
    const { decision, work } = model.explain(flowAt(words, flow), 0);
    checksum = addToChecksum(checksum, decision);
    addWork(total, work);
  }
  return checksum;
}

/** The flows that scenarios send, and what `explain` makes of them. */

import type { Cluster } from "../../cluster/cluster.js";
import { type FlowTrace, flowAt, generateTrace } from "../../cluster/flows.js";
import { DualModel, DualProgram } from "../../planes/families/dual.js";
import { interleaved } from "../../planes/families/dual-trace.js";
import {
  addWork,
  type Explanation,
  type Flow,
  type Model,
  type Plane,
  type Program,
} from "../../planes/plane.js";
import { verifyPlanes } from "../../planes/verify.js";
import type { Job, Subject } from "../scenario.js";
import { addToChecksum } from "./batch.js";

/** Flows of a trace, at least: more than branch predictors remember. */
const TRACE_FLOWS = 1 << 14;
const CALIBRATION_FLOWS = 1 << 11;
const VERIFIED_FLOWS = 500;

/** A trace of whole batches, each of which sees the whole cluster. */
export function traceOf(job: Job, program: Program, batch: number): FlowTrace {
  const wanted = Math.max(TRACE_FLOWS, 2 * program.cluster.servicePorts);
  return generate(job, program, { flows: batch * Math.ceil(wanted / batch), batch });
}

/** A short one to find the batch size with. */
export function calibrationTrace(job: Job, program: Program): FlowTrace {
  return generate(job, program, { flows: CALIBRATION_FLOWS });
}

/** What `Prepared.multiple` is for a program. */
export function multipleOf(program: Program): number {
  return program instanceof DualProgram ? program.parts.length : 1;
}

/** How many of the first flows of the trace a model decides differently from the decision contract. */
export function disagreementsOf(job: Job, program: Program, model: Model): number {
  if (program instanceof DualProgram && model instanceof DualModel) {
    return program.parts.reduce((sum, part, i) => sum + disagreementsOf(job, part, model.parts[i]!), 0);
  }
  const first = generate(job, program, { flows: VERIFIED_FLOWS });
  return verifyPlanes(program.cluster, new Map([[job.plane, model]]), first, job.options).disagreements;
}

/** Compiles the program of a job. */
export function compileFor(job: Job, cluster: Cluster, plane: Plane): Program {
  return plane.compile(cluster, { ...job.options, seed: job.seed });
}

/** Explains operations one after another: their checksum, and their work added to a total. */
export function explainWith(explain: (flow: Flow) => Explanation, words: Int32Array): Subject["explain"] {
  return (start, count, total) => {
    let checksum = 0;
    for (let flow = start; flow < start + count; flow++) {
      const { decision, work } = explain(flowAt(words, flow));
      checksum = addToChecksum(checksum, decision);
      addWork(total, work);
    }
    return checksum;
  };
}

function generate(job: Job, program: Program, size: { flows: number; batch?: number }): FlowTrace {
  if (program instanceof DualProgram) {
    const half = {
      flows: Math.ceil(size.flows / 2),
      ...(size.batch !== undefined && { batch: Math.ceil(size.batch / 2) }),
    };
    const [ipv4, ipv6] = program.parts;
    return interleaved(generate(job, ipv4, half), generate(job, ipv6, half));
  }
  return generateTrace(program.cluster, {
    ...size,
    ...(program.order && { order: program.order }),
    seed: job.seed,
    entry: job.entry,
    zipf: job.zipf,
    popular: job.popular,
    misses: job.misses,
  });
}

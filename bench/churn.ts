/** `churn`: endpoints change while lookups go on. How long does a change take then, and a lookup after one? */

import type { Cluster } from "../src/cluster/cluster.js";
import { endpointChurn } from "../src/measure/replicate/endpoint-churn.js";
import type { Measured } from "../src/measure/replicate/measured.js";
import { measureDuration, measureLatency } from "../src/measure/replicate/replicate.js";
import {
  calibrationTrace,
  compileFor,
  disagreementsOf,
  multipleOf,
  traceOf,
} from "../src/measure/replicate/traffic.js";
import type { Job, Prepared, Scenario } from "../src/measure/scenario.js";
import { withinLimit } from "../src/measure/sizes.js";
import type { Plane } from "../src/planes/plane.js";
import { lookupSubject } from "./lookup.js";

const SERVICES = [1, 1000, 10_000];

/** A change, timed, after a thousand lookups. */
const CHANGES = "changes";
/** Lookups, timed in batches of half a millisecond, each after an endpoint joined and left. */
const LOOKUPS = "lookups";

const LOOKUPS_BETWEEN = 1000;

export const churn: Scenario = {
  id: "churn",
  label: "Endpoints that change while lookups go on",
  question: "How many changes per second does a plane absorb, and what do lookups cost meanwhile?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: true,
    captions: { model: "Median time of a lookup after an endpoint joined and left" },
  },
  sizes: (asked, plane) =>
    [CHANGES, LOOKUPS].flatMap((variant) =>
      (asked ?? withinLimit(SERVICES, plane.can.limits?.rebuilt)).map((services) => ({
        services,
        endpoints: null,
        variant,
      })),
    ),
  measure: async (job, cluster, plane) =>
    job.variant === CHANGES
      ? timeChanges(job, cluster, plane)
      : measureLatency(prepareLookups, job, cluster, plane),
};

function timeChanges(job: Job, cluster: Cluster, plane: Plane): Measured {
  const program = compileFor(job, cluster, plane);
  const { live, next } = endpointChurn(job, program, "join");
  const { run, operations } = lookupSubject(live.model, traceOf(job, program, LOOKUPS_BETWEEN));
  let at = 0;
  const measured = measureDuration(
    job,
    cluster,
    {
      times: 2,
      run: next,
      between: () => {
        run(at, LOOKUPS_BETWEEN);
        at = (at + LOOKUPS_BETWEEN) % operations;
      },
      program: () => program,
    },
    "warm",
  );
  const wrong = disagreementsOf(job, program, live.model);
  if (wrong > 0)
    throw new Error(
      `after its changes ${job.plane} decided ${wrong} flows differently from a program of the changed cluster`,
    );
  return measured;
}

function prepareLookups(job: Job, cluster: Cluster, plane: Plane): Prepared {
  const program = compileFor(job, cluster, plane);
  const { live, next } = endpointChurn(job, program, "join");
  return {
    programBytes: program.bytes(),
    facts: program.facts(),
    disagreements: disagreementsOf(job, program, live.model),
    multiple: multipleOf(program),
    calibration: () => lookupSubject(live.model, calibrationTrace(job, program)),
    // Each change is taken back before the lookups: their answers are as before, but the memory was written to.
    subject: (batch) => ({ ...lookupSubject(live.model, traceOf(job, program, batch)), beforeBatch: next }),
  };
}

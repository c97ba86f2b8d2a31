/** `update`: what a control plane writes when endpoints change, in exact counts, and how long writing it takes. */

import type { Change } from "../src/cluster/change.js";
import type { Cluster } from "../src/cluster/cluster.js";
import { endpointChurn, ROLLOUT_SHARE } from "../src/measure/replicate/endpoint-churn.js";
import type { Counted, Measured } from "../src/measure/replicate/measured.js";
import { measureDuration } from "../src/measure/replicate/replicate.js";
import { compileFor, disagreementsOf } from "../src/measure/replicate/traffic.js";
import type { Job, Scenario } from "../src/measure/scenario.js";
import { withinLimit } from "../src/measure/sizes.js";
import type { PlaneDescriptor } from "../src/planes/descriptor.js";
import type { Plane, UpdateCost } from "../src/planes/plane.js";

const SERVICES = [1, 1000, 10_000];
/** A rollout is like so many changes: its ends will do. */
const ROLLOUT_SERVICES = [1, 10_000];

/** The variant that counts. */
export const COUNTED = "";
/** Timed: one endpoint joins or leaves; the same in a full sync where a plane has one; and a rolling restart. */
const CHANGE = "change";
const FULL_SYNC = "full";
const ROLLOUT = "rollout";

export const update: Scenario = {
  id: "update",
  label: "What is rewritten when one endpoint joins, leaves, or a Service restarts, and how long that takes",
  question: "What do addresses that change all the time cost the control plane?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: {
      model: "Median time to write one endpoint change",
      "model/rollout": "Median time to write one rolling restart",
      kernel: "Median time of one endpoint change by the node's tools in the Linux kernel",
      guest: "Median time of one endpoint change by the node's tools in a user-mode Linux guest",
    },
  },
  sizes: (asked, plane) =>
    [COUNTED, CHANGE, ROLLOUT, ...(plane.can.updateModes.includes("full") ? [FULL_SYNC] : [])].flatMap(
      (variant) =>
        (asked ?? servicesOf(plane, variant)).map((services) => ({
          services,
          endpoints: null,
          variant,
        })),
    ),
  measure: async (job, cluster, plane) =>
    job.variant === COUNTED ? count(job, cluster, plane) : time(job, cluster, plane),
};

function servicesOf({ can }: PlaneDescriptor, variant: string): readonly number[] {
  return variant === ROLLOUT
    ? withinLimit(ROLLOUT_SERVICES, can.limits?.rebuilt)
    : withinLimit(SERVICES, can.limits?.built);
}

/** Writing a change in the program's model: no system call, no netlink, no text. A sample is the mean of two changes. */
function time(job: Job, cluster: Cluster, plane: Plane): Measured {
  const program = compileFor(job, cluster, plane);
  const { live, next } = endpointChurn(
    job,
    program,
    job.variant === ROLLOUT ? "rollout" : "join",
    job.variant === FULL_SYNC ? "full" : "partial",
  );
  const measured = measureDuration(job, cluster, { times: 2, run: next, program: () => program }, "warm");
  const wrong = disagreementsOf(job, program, live.model);
  if (wrong > 0)
    throw new Error(
      `after its changes ${job.plane} decided ${wrong} flows differently from a program of the changed cluster`,
    );
  return measured;
}

function count(job: Job, cluster: Cluster, plane: Plane): Counted {
  const program = compileFor(job, cluster, plane);
  const servicePort = cluster.servicePorts >> 1;
  const endpoint = cluster.endpointStart[servicePort]!;
  const changes: Record<string, Change> = {
    join: { kind: "join", servicePort },
    leave: { kind: "leave", servicePort, endpoint },
    rollout: { kind: "rollout", servicePort, share: ROLLOUT_SHARE },
  };
  const counts: Record<string, number> = {};
  for (const [name, change] of Object.entries(changes)) {
    for (const mode of plane.descriptor.can.updateModes) {
      const prefix = mode === "full" ? `${name} full` : name;
      const text = plane.updateText?.(program, change, mode);
      Object.assign(counts, named(prefix, program.update(change, mode)), text && handed(prefix, text));
    }
  }
  return {
    counts,
    endpoints: cluster.endpoints / cluster.servicePorts,
    programBytes: program.bytes(),
    facts: program.facts(),
  };
}

/** Bytes of text that kube-proxy hands to iptables-restore or nft, which hand other bytes to the kernel. */
function handed(name: string, text: Iterable<string>): Record<string, number> {
  let bytes = 0;
  for (const chunk of text) bytes += Buffer.byteLength(chunk);
  return { [`${name} text bytes`]: bytes };
}

function named(
  name: string,
  { rules, chains, mapWrites, operations, bytes }: UpdateCost,
): Record<string, number> {
  return {
    [`${name} rules`]: rules,
    [`${name} chains`]: chains,
    [`${name} map writes`]: mapWrites,
    ...(operations !== undefined && { [`${name} operations`]: operations }),
    [`${name} bytes`]: bytes,
  };
}

/** `connect` and `established`: what a connection costs once the state that each plane keeps is part of it. */

import type { Cluster } from "../src/cluster/cluster.js";
import { type FlowTrace, flowAt } from "../src/cluster/flows.js";
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
import { withinLimit } from "../src/measure/sizes.js";
import type { PlaneDescriptor } from "../src/planes/descriptor.js";
import type { Connections, Plane } from "../src/planes/plane.js";

/** Connections that the tables hold already: a quarter of what nf_conntrack allows on a node of more than 4 GiB. */
const ESTABLISHED = 65_536;

/** Cilium's load balancing at the socket, instead of at the packet. */
export const SOCKET = "socket";

const SERVICES = [1, 1000, 10_000];
/** Two show that a line is flat. */
const LATER_SERVICES = [1, 10_000];

const sizesOf =
  (services: readonly number[]) =>
  (asked: readonly number[] | null, { can }: PlaneDescriptor) =>
    ["", ...(can.connectionPaths.includes("socket") ? [SOCKET] : [])].flatMap((variant) =>
      (asked ?? withinLimit(services, can.limits?.built)).map((n) => ({
        services: n,
        endpoints: null,
        variant,
      })),
    );

export const connect: Scenario = {
  id: "connect",
  label: "First packet of a connection, with the state that the plane keeps",
  question: "What does a new connection cost, and how much of that is the choice?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: true,
    captions: {
      model: "Median time of a connection's first packet to a {entry}, choice and state",
      kernel: "Median time of connect() to a random Service through the Linux kernel",
      guest: "Median time of connect() to a random Service through a user-mode Linux guest",
      cluster: "Median time of connect() to a random Service of the cluster",
      "cluster/udp": "Median time of a UDP request and its answer, from a new port to a random Service",
    },
  },
  sizes: sizesOf(SERVICES),
  measure: (job, cluster, plane) => measureLatency(prepareWith(connectSubject), job, cluster, plane),
};

export const established: Scenario = {
  id: "established",
  label: "A later packet of a known connection",
  question: "Why does keepalive hide the problem?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: {
      model: "Median time of a later packet of a connection to a {entry}",
      kernel: "Median time of a request and its answer over an open connection",
      guest: "Median time of a request and its answer over an open connection",
      cluster: "Median time of a request and its answer over an open connection",
      "cluster/udp": "Median time of a further UDP request and its answer from the same port",
    },
  },
  sizes: sizesOf(LATER_SERVICES),
  measure: (job, cluster, plane) => measureLatency(prepareWith(establishedSubject), job, cluster, plane),
};

type MakeSubject = (connections: Connections, trace: FlowTrace) => Subject;

function prepareWith(subjectOf: MakeSubject) {
  return (job: Job, cluster: Cluster, plane: Plane): Prepared => {
    const program = compileFor(job, cluster, plane);
    const connections = program.connections(job.seed, {
      fill: ESTABLISHED,
      path: job.variant === SOCKET ? "socket" : "tc",
    });
    return {
      multiple: multipleOf(program),
      programBytes: program.bytes() + connections.bytes(),
      facts: { ...program.facts(), establishedConnections: ESTABLISHED },
      // Held to the contract as lookups; that `connect` decides alike is part of the planes' tests.
      disagreements: disagreementsOf(job, program, program.model(job.seed)),
      calibration: () => subjectOf(connections, calibrationTrace(job, program)),
      subject: (batch) => subjectOf(connections, traceOf(job, program, batch)),
    };
  };
}

/** Connections made in a batch are forgotten before the next, untimed: each batch finds the same tables. */
function connectSubject(connections: Connections, { words, length }: FlowTrace): Subject {
  return {
    operations: length,
    reset: (block) => connections.reset(block + 1),
    run: compileBatch(connections, "connect", words),
    runNoop: compileEmptyBatch(words),
    explain: explainWith((flow) => connections.explainConnect(flow, 0), words),
  };
}

/** All flows of the trace are connected once, and stay so. */
function establishedSubject(connections: Connections, { words, length }: FlowTrace): Subject {
  connections.reset(1);
  for (let at = 0; at < length; at++) {
    const { src, sport, dst, dport, protocol } = flowAt(words, at);
    connections.connect(src, sport, dst, dport, protocol, 0);
  }
  return {
    operations: length,
    reset: () => {},
    run: compileBatch(connections, "established", words),
    runNoop: compileEmptyBatch(words),
    explain: explainWith((flow) => connections.explainEstablished(flow, 0), words),
  };
}

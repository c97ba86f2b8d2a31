/** The kernel lane's charts: connections through the real data planes. Never on one axis with the models'. */

import { columnsChart } from "./columns.js";
import { percentilesChart } from "./percentiles.js";
import { scalingChart } from "./scaling.js";

const connect = {
  measure: { lane: "kernel", scenario: "connect" },
  findings: ["kernel-connect"],
  neutralTitle: "TCP connect time by number of Kubernetes services",
  note: "no proxy: the same clients straight to an endpoint, in the same rounds; tracked: with conntrack on",
  // Most of any connection is no proxy's doing: the line `no proxy` says so.
  floor: false,
} as const;

export const kernelColumns = columnsChart({
  ...connect,
  id: "kernel-columns",
  title: "TCP connect time through the real kernel, as clustered columns",
});

export const kernelScaling = scalingChart({
  ...connect,
  id: "kernel-scaling",
  title: "TCP connect time through the real kernel against the number of services, log–log",
});

export const kernelLatency = scalingChart({
  ...connect,
  id: "kernel-latency",
  title: "TCP connect time through the real kernel against the number of services, linear",
  scale: "linear",
});

export const kernelEstablished = scalingChart({
  id: "kernel-established",
  title: "A request and its answer over an open connection through the real kernel, log–log",
  measure: { lane: "kernel", scenario: "established" },
  findings: ["kernel-established"],
  neutralTitle: "A request over a connection that is open already",
  floor: false,
});

export const kernelSync = scalingChart({
  id: "kernel-sync",
  title: "Time to load all rules and maps into the real kernel, log–log",
  measure: { lane: "kernel", scenario: "sync" },
  findings: [],
  neutralTitle: "Loading all services into the kernel",
  floor: false,
});

/** The sizes of the Kubernetes blog's chart, and where its last one is too large for a plane, the next. */
export const kernelPercentiles = [5000, 10_000, 20_000].map((services) =>
  percentilesChart({
    id: `kernel-percentiles-${services}`,
    title: `p01, p50, p90 and p99 of TCP connect time through the real kernel at ${services} services`,
    measure: connect.measure,
    services,
    what: "connection",
  }),
);

/** kube-proxy itself at work: how long a change takes to reach connections, a node's start, and what both cost. */

import { formatDecimalBytes } from "../text.js";
import { countsChart } from "./counts.js";
import { scalingChart } from "./scaling.js";

const changes = {
  measure: { lane: "kernel", scenario: "programming" },
  findings: ["kernel-programming"],
  neutralTitle: "Programming one endpoint change by kube-proxy itself",
  floor: false,
} as const;
const period = "kube-proxy's minimum sync period is 1 ms here: by default up to 1 s is added";

export const kernelProgramming = scalingChart({
  ...changes,
  id: "kernel-programming",
  title: "Time until kube-proxy has programmed one endpoint change, log–log",
  note: `${period} · endpoints join, leave and are replaced in turn`,
});

export const kernelProgrammingVisible = scalingChart({
  ...changes,
  id: "kernel-programming-visible",
  title: "Time until one endpoint change is seen by new connections, log–log",
  measure: { ...changes.measure, variants: ["visible"] },
  plain: "visible",
  // The finding is about the end of the sync, which new connections need not wait for.
  findings: [],
  neutralTitle: "Until new connections follow one endpoint change",
  note: `${period} · seen by a client that connects all the time, five times a millisecond at most`,
});

export const kernelRollout = scalingChart({
  ...changes,
  id: "kernel-rollout",
  title: "Time until kube-proxy has programmed a rollout of 100 endpoints, log–log",
  measure: { ...changes.measure, variants: ["rollout"] },
  plain: "rollout",
  findings: [],
  neutralTitle: "Programming a rollout of 100 endpoints by kube-proxy",
  note: `${period} · an event for each endpoint, all sent at once`,
});

const start = {
  measure: { lane: "kernel", scenario: "sync", variants: ["first"] },
  plain: "first",
  findings: ["kernel-first-sync"],
  neutralTitle: "Starting kube-proxy on a node without rules",
  floor: false,
} as const;

export const kernelFirstSync = scalingChart({
  ...start,
  id: "kernel-first-sync",
  title: "Time from kube-proxy's start until the last Service answers, log–log",
  note: "32 Services are watched, all others checked afterwards",
});

export const kernelFirstSyncCpu = scalingChart({
  ...start,
  id: "kernel-first-sync-cpu",
  title: "Processor time of kube-proxy and its tools for the first sync, log–log",
  measure: { ...start.measure, variants: ["first, CPU"] },
  plain: "first, CPU",
  findings: [],
  neutralTitle: "Processor time of kube-proxy's first sync",
});

export const kernelProxyMemory = countsChart({
  id: "kernel-proxy-memory",
  title: "Memory of kube-proxy at the peak of its first sync, log–log",
  lane: "kernel",
  scenario: "proxy-memory",
  value: (counts) => counts.bytes ?? null,
  format: formatDecimalBytes,
  findings: [],
  neutralTitle: "Memory of kube-proxy by number of Services",
  subtitle: "Bytes resident at the peak of kube-proxy's first sync (VmHWM)",
  note: "tools that it runs, slabs and vmalloc of the kernel: counts.csv",
});

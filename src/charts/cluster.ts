/** The cluster lane's charts: connections in a live Kubernetes cluster. */

import { type Described, planeReport } from "../results/descriptors.js";
import type { Cell } from "../results/schema.js";
import { scalingChart } from "./scaling.js";

const NOTE = (results: Described, cells: readonly Cell[]) =>
  cells.some(({ plane }) => planeReport(results, plane).role === "baseline") &&
  "endpoint directly: the same probes to a pod's own address, in turns; its packets meet the plane's rules too, and match none";

export const clusterConnect = scalingChart({
  id: "cluster-connect",
  title: "TCP connect time in a live cluster against the number of Services, log–log",
  measure: { lane: "cluster", scenario: "connect" },
  findings: ["cluster-connect"],
  neutralTitle: "TCP connect time in a live Kubernetes cluster",
  note: NOTE,
  floor: false,
});

export const clusterDatagrams = scalingChart({
  id: "cluster-udp",
  title:
    "A UDP request from a new port and its answer in a live cluster against the number of Services, log–log",
  measure: { lane: "cluster", scenario: "connect", variants: ["udp"] },
  plain: "udp",
  findings: [],
  neutralTitle: "UDP request and answer in a live Kubernetes cluster",
  note: NOTE,
  floor: false,
});

const change = {
  measure: { lane: "cluster", scenario: "programming" },
  findings: [],
  floor: false,
} as const;
const CHANGE_NOTE =
  "20 changes, two or three seconds apart, each watched by a connection a millisecond on every node";

export const clusterProgramming = scalingChart({
  ...change,
  id: "cluster-programming",
  findings: ["cluster-programming"],
  title: "Time until a new endpoint gets connections in a live cluster, log–log",
  neutralTitle: "A replaced endpoint in a live Kubernetes cluster",
  note: CHANGE_NOTE,
});

export const clusterLeaves = scalingChart({
  ...change,
  id: "cluster-programming-leaves",
  title: "Time until a removed endpoint gets no more connections in a live cluster, log–log",
  measure: { ...change.measure, variants: ["leaves"] },
  plain: "leaves",
  neutralTitle: "A removed endpoint in a live Kubernetes cluster",
  note: CHANGE_NOTE,
});

export const clusterNewService = scalingChart({
  ...change,
  id: "cluster-programming-new",
  title: "Time until a new Service answers in a live cluster, log–log",
  measure: { ...change.measure, variants: ["new"] },
  plain: "new",
  neutralTitle: "A new Service in a live Kubernetes cluster",
  note: CHANGE_NOTE,
});

export const clusterSync = scalingChart({
  ...change,
  id: "cluster-sync",
  title: "Time until the last of N Services answers that were made at once, log–log",
  measure: { lane: "cluster", scenario: "sync" },
  neutralTitle: "The last of N Services in a live Kubernetes cluster",
  note: "once for each N, from the API server's answer to the last of them",
});

export const clusterEstablished = scalingChart({
  id: "cluster-established",
  title: "A request and its answer over an open connection in a live cluster, log–log",
  measure: { lane: "cluster", scenario: "established" },
  findings: [],
  neutralTitle: "A request over an open connection in a live cluster",
  note: NOTE,
  floor: false,
});

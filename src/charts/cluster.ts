/** The cluster lane's charts: connections in a live Kubernetes cluster. */

import { scalingChart } from "./scaling.js";

const NOTE =
  "endpoint directly: the same probes to a pod's own address, in turns; its packets meet the plane's rules too, and match none";

export const clusterConnect = scalingChart({
  id: "cluster-connect",
  title: "TCP connect time in a live cluster against the number of Services, log–log",
  measure: { lane: "cluster", scenario: "connect" },
  findings: [],
  neutralTitle: "TCP connect time in a live Kubernetes cluster",
  note: NOTE,
  floor: false,
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

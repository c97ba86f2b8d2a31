/** `endpoints`: what a lookup costs when services are large, with and without ClientIP affinity. */

import { AFFINITY_VARIANT } from "../src/measure/replicate/bench-cluster.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import type { Scenario } from "../src/measure/scenario.js";
import { prepareLookup } from "./lookup.js";

/** Few services: with 1000 endpoints each, the rules of more would not fit the memory of a small machine. */
const SERVICES = 100;
const ENDPOINTS = [1, 100, 1000];

export const endpoints: Scenario = {
  id: "endpoints",
  label: "Choosing among many endpoints of a Service",
  question:
    "How does the latency of a decision grow with the endpoints of a Service, and what does affinity add?",
  report: {
    unit: "ns",
    axis: "endpoints",
    positionMatters: true,
    captions: { model: "Median lookup time of a new flow to a {entry}" },
  },
  sizes: (asked) =>
    ["", AFFINITY_VARIANT].flatMap((variant) =>
      ENDPOINTS.map((count) => ({ services: asked?.[0] ?? SERVICES, endpoints: count, variant })),
    ),
  clusterOf: (variant) => ({ affinityShare: variant === AFFINITY_VARIANT ? 1 : 0 }),
  measure: (job, cluster, plane) => measureLatency(prepareLookup, job, cluster, plane),
};

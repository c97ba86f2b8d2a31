/** Lookup latency against the endpoints of a service: statistic chains and affinity are O(E), tables are not. */

import type { Chart } from "./chart.js";
import { scalingChart } from "./scaling.js";

const measure = { lane: "model", scenario: "endpoints", axis: "endpoints" } as const;

export const endpoints: Chart = scalingChart({
  id: "endpoints",
  title: "Time of one lookup against the endpoints of each Service, log–log (model)",
  measure,
  findings: ["endpoints"],
  neutralTitle: "Lookup latency by number of endpoints of a Service",
});

export const endpointsAffinity: Chart = scalingChart({
  id: "endpoints-affinity",
  title: "The same with ClientIP affinity, for clients that come for the first time",
  measure: { ...measure, variants: ["affinity"] },
  findings: ["endpoints-affinity"],
  neutralTitle: "With ClientIP affinity: lookup latency by endpoints",
  note: "ClientIP affinity on every Service, clients come for the first time",
});

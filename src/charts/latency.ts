/** The companion of `scaling` for those who do not read logarithms: the same lines from zero. */

import { MODEL_LOOKUP } from "../analysis/series.js";
import { scalingChart } from "./scaling.js";

export const latency = scalingChart({
  id: "latency",
  title: "Time of one lookup against the number of Services, linear (model)",
  measure: MODEL_LOOKUP,
  findings: ["iptables-factor", "iptables-slope", "iptables-growth"],
  neutralTitle: "Lookup latency by number of Kubernetes Services",
  scale: "linear",
});

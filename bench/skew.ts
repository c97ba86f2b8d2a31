/** `skew`: the effect of popular services, and of their position in a rule list. */

import type { Popular } from "../src/cluster/flows.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import type { Scenario } from "../src/measure/scenario.js";
import { prepareLookup } from "./lookup.js";

const SERVICES = 1000;
/** A choice: no measured exponent of Services is known to us. The most popular of 1,000 gets 18 % of the flows. */
const EXPONENT = 1.1;

/** Variant → its traffic. */
const TRAFFIC: Readonly<Record<string, { zipf: number; popular: Popular }>> = {
  uniform: { zipf: 0, popular: "random" },
  "popular first": { zipf: EXPONENT, popular: "first" },
  "popular anywhere": { zipf: EXPONENT, popular: "random" },
  "popular last": { zipf: EXPONENT, popular: "last" },
};

export const skew: Scenario = {
  id: "skew",
  label: "Lookups when few Services get most of the traffic, by their position in a rule list",
  question: "Does skew help a list, and does position hurt it?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: { model: "Median lookup time of a new flow to a {entry}" },
  },
  sizes: (asked) =>
    Object.keys(TRAFFIC).map((variant) => ({
      services: asked?.at(-1) ?? SERVICES,
      endpoints: null,
      variant,
    })),
  measure: (job, cluster, plane) =>
    measureLatency(prepareLookup, { ...job, ...TRAFFIC[job.variant] }, cluster, plane),
};

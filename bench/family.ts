/** `family`: the same Services in IPv4, in IPv6 and in both: a lookup's time, and what a change writes. */

import { FAMILY_NAMES, type FamilyChoice } from "../src/cluster/family.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import type { Scenario, Size } from "../src/measure/scenario.js";
import { withinLimit } from "../src/measure/sizes.js";
import type { PlaneDescriptor } from "../src/planes/descriptor.js";
import { prepareLookup } from "./lookup.js";
import { COUNTED, update } from "./update.js";

/** Laws need four N, which what grows by rules gets: that shows whether its law is the same. */
const LAW_SERVICES = [1, 100, 1000, 10_000];
const OTHER_SERVICES = [10_000];
/** Of changes, which are counted: a model's control plane formats addresses, which takes longer in IPv6 than any real one. */
const CHANGED_SERVICES = [1000];

const CHOICES: readonly FamilyChoice[] = [4, 6, "dual"];

/** What is measured → the variants of the three. */
const variantOf = {
  lookup: (choice: FamilyChoice) => FAMILY_NAMES[choice],
  writes: (choice: FamilyChoice) => `writes, ${FAMILY_NAMES[choice]}`,
} as const;

export const family: Scenario = {
  id: "family",
  label: "Lookups, memory and changes of the same Services in IPv4, in IPv6 and in both",
  question: "What does IPv6 cost, and what does dual stack?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: { model: "Median lookup time of a new flow to a {entry}" },
  },
  sizes: (asked, plane) => [
    ...sizesOf("lookup", asked ?? lookupServices(plane)),
    // Of several N the largest: how changes grow is what `update` shows.
    ...sizesOf("writes", asked?.slice(-1) ?? withinLimit(CHANGED_SERVICES, plane.can.limits?.built)),
  ],
  clusterOf: (variant) => {
    const choice = CHOICES.find((candidate) =>
      Object.values(variantOf).some((of) => of(candidate) === variant),
    );
    return choice === undefined ? {} : { family: choice };
  },
  generatedOnly: true,
  measure: async (job, cluster, plane) =>
    job.variant.startsWith("writes")
      ? update.measure({ ...job, variant: COUNTED }, cluster, plane)
      : measureLatency(prepareLookup, job, cluster, plane),
};

function sizesOf(part: keyof typeof variantOf, services: readonly number[]): Size[] {
  return services.flatMap((n) =>
    CHOICES.map((choice) => ({ services: n, endpoints: null, variant: variantOf[part](choice) })),
  );
}

function lookupServices({ report, can }: PlaneDescriptor): readonly number[] {
  return withinLimit(report.structure === "list" ? LAW_SERVICES : OTHER_SERVICES, can.limits?.built);
}

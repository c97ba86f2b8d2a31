/** `family`: the same Services in IPv4, in IPv6 and in both: a lookup, a change and a full sync of each. */

import { FAMILY_NAMES, type FamilyChoice } from "../src/cluster/family.js";
import type { Measured } from "../src/measure/replicate/measured.js";
import { measureLatency } from "../src/measure/replicate/replicate.js";
import { compileFor } from "../src/measure/replicate/traffic.js";
import type { Scenario, Size } from "../src/measure/scenario.js";
import { withinLimit } from "../src/measure/sizes.js";
import type { PlaneDescriptor } from "../src/planes/descriptor.js";
import { prepareLookup } from "./lookup.js";
import { sync } from "./sync.js";
import { CHANGE, update } from "./update.js";

/** Laws need four N, which what grows by rules gets: that shows whether its law is the same. */
const LAW_SERVICES = [1, 100, 1000, 10_000];
const OTHER_SERVICES = [10_000];
/** Of changes and full syncs. */
const PROGRAMMED_SERVICES = [1000];

const CHOICES: readonly FamilyChoice[] = [4, 6, "dual"];

/** What is timed → the variants of the three. */
const variantOf = {
  lookup: (choice: FamilyChoice) => FAMILY_NAMES[choice],
  change: (choice: FamilyChoice) => `change, ${FAMILY_NAMES[choice]}`,
  sync: (choice: FamilyChoice) => `sync, ${FAMILY_NAMES[choice]}`,
} as const;
type Part = keyof typeof variantOf;

export const family: Scenario = {
  id: "family",
  label: "Lookups, changes and full syncs of the same Services in IPv4, in IPv6 and in both",
  question: "What does IPv6 cost, and what does dual stack?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: {
      model: "Median lookup time of a new flow to a {entry}",
      "model/change, IPv4": "Median time to write one endpoint change",
      "model/sync, IPv4": "Median time to build all rules, tables and maps",
    },
  },
  sizes: (asked, plane) => [
    ...sizesOf("lookup", asked ?? lookupServices(plane)),
    ...sizesOf("change", programmedServices(asked, plane)),
    ...sizesOf("sync", programmedServices(asked, plane)),
  ],
  clusterOf: (variant) => {
    const choice = CHOICES.find((candidate) =>
      Object.values(variantOf).some((of) => of(candidate) === variant),
    );
    return choice === undefined ? {} : { family: choice };
  },
  generatedOnly: true,
  measure: async (job, cluster, plane) => {
    if (job.variant.startsWith("sync")) return sync.measure(job, cluster, plane);
    if (!job.variant.startsWith("change")) return measureLatency(prepareLookup, job, cluster, plane);
    const measured = (await update.measure({ ...job, variant: CHANGE }, cluster, plane)) as Measured;
    // What the same change is in exact counts, next to its time.
    const servicePort = cluster.servicePorts >> 1;
    const cost = compileFor(job, cluster, plane).update({ kind: "join", servicePort });
    const written = { entriesOfJoin: cost.rules + cost.chains + cost.mapWrites, bytesOfJoin: cost.bytes };
    return { ...measured, facts: { ...measured.facts, ...written } };
  },
};

function sizesOf(part: Part, services: readonly number[]): Size[] {
  return services.flatMap((n) =>
    CHOICES.map((choice) => ({ services: n, endpoints: null, variant: variantOf[part](choice) })),
  );
}

function lookupServices({ report, can }: PlaneDescriptor): readonly number[] {
  return withinLimit(report.structure === "list" ? LAW_SERVICES : OTHER_SERVICES, can.limits?.built);
}

/** Of several N the largest: how programming grows is what `update` and `sync` show. */
function programmedServices(asked: readonly number[] | null, { can }: PlaneDescriptor): readonly number[] {
  return asked === null ? withinLimit(PROGRAMMED_SERVICES, can.limits?.rebuilt) : asked.slice(-1);
}

/**
 * A plane and a scenario that no file of src or bench knows, and the catalog that registers them. `toy-plane.test.ts` compiles
 * this file into a module, which its worker processes load too.
 */

import { KERNEL } from "../../bench/kernel.js";
import { lookup, prepareLookup } from "../../bench/lookup.js";
import { memory } from "../../bench/memory.js";
import { PROFILES } from "../../bench/profiles.js";
import { measureLatency } from "../../src/measure/replicate/replicate.js";
import type { Scenario } from "../../src/measure/scenario.js";
import { PLAIN, type PlaneDescriptor } from "../../src/planes/descriptor.js";
import { iptables } from "../../src/planes/iptables/index.js";
import type { Plane } from "../../src/planes/plane.js";
import { PLANE_ENTRIES } from "../../src/planes/registry-loader.js";
import type { BenchmarkCatalog } from "../../src/run/catalog.js";

const descriptor: PlaneDescriptor = {
  id: "toy",
  name: "Toy, which is a list too",
  report: {
    label: "Toy",
    shortLabel: "Toy",
    columnLabel: "proxy (Toy)",
    colours: { light: "#123456", lightLabel: "#123456", dark: "#ABCDEF" },
    marker: "star",
    order: 65,
    role: "proxy",
    structure: "list",
    claims: ["list"],
    memoryModelled: true,
  },
  can: PLAIN,
};

const toy: Plane = { ...iptables, id: descriptor.id, label: descriptor.name, descriptor };

/** Measured at sizes of its own. */
const nap: Scenario = {
  id: "nap",
  label: "Lookups after a nap",
  question: "Does a rested plane decide faster?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: true,
    captions: { model: "Median time of a rested lookup to a {entry}" },
    chart: { title: "Rested lookups against the number of services", neutralTitle: "Lookups after a nap" },
  },
  sizes: () => [1, 20].map((services) => ({ services, endpoints: null, variant: "" })),
  measure: (job, cluster, plane) => measureLatency(prepareLookup, job, cluster, plane),
};

export const CATALOG: BenchmarkCatalog = {
  planes: [...PLANE_ENTRIES, { descriptor, load: async () => toy }],
  scenarios: [lookup, memory, nap],
  derived: [],
  profiles: PROFILES,
  kernel: KERNEL,
  module: import.meta.url,
};

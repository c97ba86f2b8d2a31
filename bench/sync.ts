/** `sync`: programming the whole cluster from nothing, as a node does when it starts. */

import { measureDuration } from "../src/measure/replicate/replicate.js";
import { compileFor } from "../src/measure/replicate/traffic.js";
import type { Scenario } from "../src/measure/scenario.js";
import type { PlaneDescriptor } from "../src/planes/descriptor.js";
import { type ServiceWalk, transactionWalks } from "../src/planes/nftables/rules/full-sync.js";
import type { Program } from "../src/planes/plane.js";
import { maxOf } from "../src/stats/extent.js";

const SERVICES = [1, 1000, 10_000];
/** Of a plane that can't afford these: as many of its decades as show how time grows. */
const DECADES = [1, 10, 100, 1000, 10_000];

function servicesOf({ can }: PlaneDescriptor): readonly number[] {
  const { limits } = can;
  return limits === null ? SERVICES : DECADES.filter((services) => services <= limits.rebuilt);
}

/** Services of a transaction, where a full sync is done in stages. */
const STAGES = [1000, 250];

/** Exact work of the kernel at a full sync: in all, as kube-proxy does it, and in the stage that walks most. */
function walkFacts(services: readonly ServiceWalk[]): Record<string, number> {
  const [whole = { sets: 0, entries: 0 }] = transactionWalks(services, Number.POSITIVE_INFINITY);
  const facts: Record<string, number> = { setsPassed: whole.sets, entriesPassed: whole.entries };
  for (const size of STAGES) {
    const walks = transactionWalks(services, size);
    facts[`setsPassedMostOf${size}`] = maxOf([0, ...walks.map(({ sets }) => sets)]);
    facts[`entriesPassedBy${size}`] = walks.reduce((sum, { entries }) => sum + entries, 0);
  }
  return facts;
}

export const sync: Scenario = {
  id: "sync",
  label: "Programming the whole cluster from nothing",
  question: "How long until a node that starts can forward?",
  report: {
    unit: "ns",
    axis: "services",
    positionMatters: false,
    captions: {
      model: "Median time to build all rules, tables and maps",
      kernel: "Time to load every Service with the kernel's own tools",
      "kernel/first": "From the program's start to the last Service that answers",
      "kernel/first, CPU": "Processor time of the program and its tools until its first sync has ended",
      cluster: "From the API server's answer to the last of N Services until that one answers",
      guest: "Time to load every Service with the kernel's own tools",
    },
  },
  sizes: (asked, plane) =>
    (asked ?? servicesOf(plane)).map((services) => ({
      services,
      endpoints: null,
      variant: "",
    })),
  measure: async (job, cluster, plane) => {
    let program: Program | undefined;
    const measured = measureDuration(
      job,
      cluster,
      {
        times: 1,
        run: () => {
          program = compileFor(job, cluster, plane);
          program.model(job.seed);
        },
        program: () => program ?? compileFor(job, cluster, plane),
      },
      "cold",
    );
    const walks = plane.setWalks?.(program ?? compileFor(job, cluster, plane)) ?? null;
    return walks === null ? measured : { ...measured, facts: { ...measured.facts, ...walkFacts(walks) } };
  },
};

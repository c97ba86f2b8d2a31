/** `sync`: programming the whole cluster from nothing, as a node does when it starts. */

import { measureDuration } from "../src/measure/replicate/replicate.js";
import { compileFor } from "../src/measure/replicate/traffic.js";
import type { Scenario } from "../src/measure/scenario.js";
import type { PlaneDescriptor } from "../src/planes/descriptor.js";
import type { Program } from "../src/planes/plane.js";

const SERVICES = [1, 1000, 10_000];
/** Of a plane that can't afford these: as many of its decades as show how time grows. */
const DECADES = [1, 10, 100, 1000, 10_000];

function servicesOf({ can }: PlaneDescriptor): readonly number[] {
  const { limits } = can;
  return limits === null ? SERVICES : DECADES.filter((services) => services <= limits.rebuilt);
}

/** Services of the smallest stage whose work is stored; the larger one is made of whole stages of these. */
const STAGE = 250;
const LARGE_STAGE = 1000;

/** Exact work of the kernel at a full sync: sets passed in all, and in the transaction that passes most. */
function walkFacts(walks: readonly number[]): Record<string, number> {
  const stages = LARGE_STAGE / STAGE;
  const sum = (some: readonly number[]) => some.reduce((total, each) => total + each, 0);
  const large = walks.flatMap((_, i) => (i % stages === 0 ? [sum(walks.slice(i, i + stages))] : []));
  return {
    setsPassed: sum(walks),
    [`setsPassedMostOf${LARGE_STAGE}`]: Math.max(0, ...large),
    [`setsPassedMostOf${STAGE}`]: Math.max(0, ...walks),
  };
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
      kernel: "Time to load every service with the kernel's own tools",
      "kernel/first": "From kube-proxy's start to the last Service that answers",
      "kernel/first, CPU": "Processor time of kube-proxy and its tools until its first sync has ended",
      cluster: "From the API server's answer to the last of N Services until that one answers",
      guest: "Time to load every service with the kernel's own tools",
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
    const walks = plane.setWalks?.(program ?? compileFor(job, cluster, plane), STAGE) ?? null;
    return walks === null ? measured : { ...measured, facts: { ...measured.facts, ...walkFacts(walks) } };
  },
};

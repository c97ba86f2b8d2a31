/** `sync`: programming the whole cluster from nothing, as a node does when it starts. */

import { measureDuration } from "../src/measure/replicate.js";
import type { Scenario } from "../src/measure/scenario.js";
import { compileFor } from "../src/measure/traffic.js";
import type { Program } from "../src/planes/plane.js";

const SERVICES = [1, 1000, 10_000];
/** Maglev's tables cost 0.4 ms a service. */
const MAGLEV_SERVICES = [1, 10, 100];

export const sync: Scenario = {
  id: "sync",
  label: "Programming the whole cluster from nothing",
  question: "How long until a node that starts can forward?",
  sizes: (asked, plane) =>
    (asked ?? (plane === "ebpf-maglev" ? MAGLEV_SERVICES : SERVICES)).map((services) => ({
      services,
      endpoints: null,
      variant: "",
    })),
  measure: async (job, cluster, plane) => {
    let program: Program | undefined;
    return measureDuration(
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
  },
};

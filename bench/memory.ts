/** `memory`: what it costs the kernel to hold the program, structure by structure. */

import { compileFor } from "../src/measure/replicate/traffic.js";
import type { Scenario } from "../src/measure/scenario.js";

export const memory: Scenario = {
  id: "memory",
  label: "Memory of the program, as the model computes it or the kernel reports it",
  question: "What does it cost to hold N Services?",
  report: { unit: "counts", axis: "services", positionMatters: false, captions: {} },
  measure: async (job, cluster, plane) => {
    const program = compileFor(job, cluster, plane);
    const lines = program.memory();
    const sum = (known?: string) =>
      lines
        .filter((line) => known === undefined || line.known === known)
        .reduce((total, { bytes }) => total + bytes, 0);
    return {
      counts: {
        bytes: sum(),
        "bytes known to the byte": sum("exact"),
        "bytes derived": sum("derived"),
        ...Object.fromEntries(lines.map(({ what, bytes }) => [`${what} bytes`, bytes])),
      },
      endpoints: cluster.endpoints / cluster.servicePorts,
      programBytes: program.bytes(),
      facts: program.facts(),
    };
  },
};

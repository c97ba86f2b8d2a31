// @ts-check
// A benchmark run from a program, kept in memory: lookups of two planes at two sizes.
//
//   node docs/examples/run-benchmark.mjs

import { runBenchmark } from "lbscale/run";

const { cells, findings } = await runBenchmark(
  { profile: "quick", planes: ["iptables", "ebpf"], services: [1, 1000], replicates: { least: 2, most: 2 } },
  {
    onProgress: (event) => event.kind === "measuring" && console.error(`${event.done + 1} of ${event.total}`),
  },
);
for (const { plane, services, estimate } of cells) {
  console.log(`${plane} at ${services} services: ${estimate?.median.toFixed(0)} ns per lookup`);
}
for (const { sentence } of findings) console.log(sentence);

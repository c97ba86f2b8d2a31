/**
 * How long clusters of 1,000 to 1,000,000 services take to generate and one of 100,000 takes to compile on each plane, and how much
 * memory: `npm run bench:generate`.
 */

import { performance } from "node:perf_hooks";
import { clusterDigest } from "../src/cluster/digest.js";
import { generateCluster } from "../src/cluster/generate.js";
import { PlaneLimitError } from "../src/errors.js";
import { PLANES } from "../src/planes/registry.js";

const SIZES = [1000, 10_000, 100_000, 1_000_000];
/** What is compiled: services of four endpoints. */
const COMPILED = 100_000;

console.log("services      ms  ns/service  peak RSS MiB  digest");
const times: number[] = [];
for (const services of SIZES) {
  const started = performance.now();
  const cluster = generateCluster({ services, seed: 1, endpoints: { kind: "constant", count: 1 } });
  const ms = performance.now() - started;
  times.push((ms * 1e6) / services);
  console.log(
    [
      String(services).padStart(8),
      ms.toFixed(0).padStart(7),
      ((ms * 1e6) / services).toFixed(0).padStart(11),
      (process.resourceUsage().maxRSS / 1024).toFixed(0).padStart(13),
      ` ${clusterDigest(cluster).slice(0, 12)}`,
    ].join(" "),
  );
}
console.log(
  `A service takes ${(times.at(-1)! / times[1]!).toFixed(1)} times as long in a cluster of ${SIZES.at(-1)!.toLocaleString("en")} services as in one of ${SIZES[1]!.toLocaleString("en")}: about 1 is linear time. The digests are the same on any machine.`,
);

/** Seconds of the processor, which a busy machine stretches less than those of a clock. */
function cpuSeconds(work: () => void): string {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1e6).toFixed(2);
}

console.log(`\n${COMPILED.toLocaleString("en")} services, CPU seconds  program    model`);
const cluster = generateCluster({
  services: COMPILED,
  seed: 1,
  endpoints: { kind: "constant", count: 4 },
});
for (const plane of PLANES) {
  try {
    let program = plane.compile(cluster, { seed: 1 });
    const compiled = cpuSeconds(() => {
      program = plane.compile(cluster, { seed: 1 });
    });
    const built = cpuSeconds(() => program.model(1));
    console.log(`${plane.id.padEnd(29)}${compiled.padStart(9)}${built.padStart(9)}`);
  } catch (error) {
    if (!(error instanceof PlaneLimitError)) throw error;
    console.log(`${plane.id.padEnd(29)} none: ${error.message}`);
  }
}

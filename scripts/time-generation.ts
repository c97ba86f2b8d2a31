/** How long clusters of 1,000 to 1,000,000 services take to generate, and how much memory: `npm run bench:generate`. */

import { performance } from "node:perf_hooks";
import { clusterDigest } from "../src/cluster/digest.js";
import { generateCluster } from "../src/cluster/generate.js";

const SIZES = [1000, 10_000, 100_000, 1_000_000];

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

/** The process of one replicate: a job as JSON on stdin, its measurement as JSON on stdout. */

import { readFileSync } from "node:fs";
import type { Cluster } from "../src/cluster/cluster.js";
import { generateCluster } from "../src/cluster/generate.js";
import { measureReplicate } from "../src/measure/replicate.js";
import type { Job } from "../src/measure/scenario.js";
import { SCENARIOS } from "./scenarios.js";

const job = JSON.parse(readFileSync(0, "utf8")) as Job;
const scenario = SCENARIOS.find(({ id }) => id === job.scenario);
if (!scenario) throw new Error(`no scenario ${job.scenario}`);
process.stdout.write(JSON.stringify(await measureReplicate(scenario, job, await clusterOf(job))));

async function clusterOf({
  clusterFile,
  services,
  clusterSeed,
  endpointsPerService,
  entry,
}: Job): Promise<Cluster> {
  if (clusterFile !== null) {
    // Only here, because it loads zod: a child that times should start light.
    const { parseCluster } = await import("../src/cluster/json.js");
    const { growCluster } = await import("../src/cluster/grow.js");
    return growCluster(parseCluster(readFileSync(clusterFile, "utf8")), services);
  }
  return generateCluster({
    services,
    seed: clusterSeed,
    endpoints: { kind: "constant", count: endpointsPerService },
    types: entry === "nodePort" ? "nodePort" : "clusterIp",
  });
}

/** The process inside the kernel lane's sandbox: a request as JSON on stdin, a report a line as JSON on stdout. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../src/cluster/cluster.js";
import { generateCoverageFlows } from "../src/cluster/coverage-flows.js";
import { parseCluster } from "../src/cluster/json.js";
import { checkCapabilities } from "../src/kernel/check.js";
import { prepareHost, releaseHost } from "../src/kernel/host.js";
import { measureRounds } from "../src/kernel/rounds.js";
import { CLUSTER_FILE, type ConnectTask, type Task, type VerifyTask } from "../src/kernel/tasks.js";
import { verifyStation } from "../src/kernel/verify.js";
import { compileNatives, probeOptionsOf, setUp } from "../src/kernel/workbench.js";
import { benchCluster } from "./cluster.js";

const request = JSON.parse(readFileSync(0, "utf8")) as Task & { readonly folder: string };
const report = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const host = await prepareHost(request.folder);
try {
  switch (request.task) {
    case "check":
      report(await checkCapabilities(host));
      break;
    case "verify":
      await verify(request);
      break;
    case "connect":
      await measureRounds(host, request, (services) => clusterOf(request, services), report);
      break;
  }
} finally {
  await releaseHost(host);
}
// The servers of the labs still run; they end with this process.
process.exit(0);

async function verify({ planes, flows, seed }: VerifyTask): Promise<void> {
  const cluster = parseCluster(readFileSync(join(host.folder, CLUSTER_FILE), "utf8"));
  const trace = generateCoverageFlows(cluster, flows, seed);
  const natives = await compileNatives(host, planes);
  for (const id of planes) {
    const setting = { host, natives, cluster, options: { seed }, name: id };
    const station = await setUp(id, setting);
    report(await verifyStation(station, trace, probeOptionsOf(station, setting)));
  }
}

function clusterOf({ endpointsPerService, seed }: ConnectTask, services: number): Promise<Cluster> {
  const entry = "clusterIp" as const;
  return benchCluster({
    clusterFile: null,
    services,
    clusterSeed: seed,
    endpointsPerService,
    entry,
    variant: "",
  });
}

/** The process inside the kernel lane's sandbox: a request as JSON on stdin, one report per line as JSON on stdout. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { type Family, type FamilyChoice, familyOf } from "../cluster/family.js";
import type { Entry } from "../cluster/flows.js";
import { parseCluster } from "../cluster/json.js";
import { parseMessage } from "../measure/message.js";
import { benchCluster, benchFamilies } from "../measure/replicate/bench-cluster.js";
import type { Job } from "../measure/scenario.js";
import { childPrefix, runReplicate, TIMEOUT_MS } from "../measure/spawn.js";
import { checkCapabilities } from "./check.js";
import { measureColdStarts } from "./cold-start/measure.js";
import { coldStartTaskSchema } from "./cold-start/tasks.js";
import { entryOf, isKernelPlaneId, usesBpf } from "./plane.js";
import { measureProgramming } from "./programming/measure.js";
import { programmingTaskSchema } from "./programming/tasks.js";
import { type HostCallbacks, measureRounds } from "./rounds.js";
import {
  CLUSTER_FILE,
  type ConnectTask,
  checkTaskSchema,
  connectTaskSchema,
  type VerifyTask,
  verifyTaskSchema,
} from "./tasks.js";
import { prepareHost, releaseHost } from "./testbed/host.js";
import { compileNatives, loadPlaneInto, probeOptionsOf } from "./testbed/testbed.js";
import { thenCleanUp } from "./testbed/then-clean-up.js";
import { replaceTool } from "./testbed/tools.js";
import { verifyLoadedPlane } from "./verify.js";

/** The child of the model lane, and how long it times. */
const MODEL_SCRIPT = fileURLToPath(new URL("../measure/worker.js", import.meta.url));
const MODEL_MS = { warmupMs: 20, measureMs: 40, singlesMs: 1 };

const folder = z.string();
/** A task, and the folder that this process may write to. */
const requestSchema = z.discriminatedUnion("task", [
  verifyTaskSchema.extend({ folder }),
  checkTaskSchema.extend({ folder }),
  connectTaskSchema.extend({ folder }),
  programmingTaskSchema.extend({ folder }),
  coldStartTaskSchema.extend({ folder }),
]);
type Request = z.infer<typeof requestSchema>;

const request = parseMessage(requestSchema, readFileSync(0, "utf8"), "the kernel lane");
const report = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

if ("nft" in request && request.nft !== null) replaceTool("nft", request.nft);
const host = await prepareHost(request.folder, needsBpf(request));
await thenCleanUp(() => perform(request), [() => releaseHost(host)]);
// The servers of the labs still run; they end with this process.
process.exit(0);

async function perform(task: Request): Promise<void> {
  switch (task.task) {
    case "check":
      report(await checkCapabilities(host, task.planes));
      break;
    case "verify":
      await verify(task);
      break;
    case "connect":
      await measureRounds(host, task, surroundingsOf(task), report);
      break;
    case "cold start":
      await measureColdStarts(host, task, clustersOf(task), report);
      break;
    case "programming":
      await measureProgramming(host, task, familiesOfTask(task), report);
      break;
  }
}

/** Whether anything that is asked for is a program for BPF. */
function needsBpf(task: Request): boolean {
  switch (task.task) {
    case "programming":
      return task.cells.some(({ program }) => program.kind === "cilium");
    case "cold start":
      return false;
    case "connect":
      return task.cells.some(({ plane }) => usesBpf(plane));
    default:
      return task.planes.some(usesBpf);
  }
}

async function verify({ planes, flows, seed }: VerifyTask): Promise<void> {
  const cluster = parseCluster(readFileSync(join(host.folder, CLUSTER_FILE), "utf8"));
  const trace = generateCoverageFlows(cluster, flows, seed);
  const natives = await compileNatives(host, planes, familyOf(cluster.network));
  for (const id of planes) {
    const config = { host, natives, cluster, options: { seed }, name: id };
    const loaded = await loadPlaneInto(id, config);
    report(await verifyLoadedPlane(loaded, trace, probeOptionsOf(loaded, config)));
  }
}

type Generated = Pick<ConnectTask, "endpointsPerService" | "seed"> & { readonly family: FamilyChoice };

function requestOf({ endpointsPerService, seed: clusterSeed, family }: Generated) {
  return {
    clusterFile: null,
    clusterSeed,
    endpointsPerService,
    affinityShare: 0,
    variant: "",
    family,
  } as const;
}

function clustersOf(task: Generated & { readonly family: Family }) {
  const request = { ...requestOf(task), family: task.family };
  return (services: number, entry: Entry = "clusterIp") => benchCluster({ ...request, services, entry });
}

/** The same of a node that may have both families. */
function familiesOfTask(task: Generated) {
  const request = requestOf(task);
  return (services: number) => benchFamilies({ ...request, services, entry: "clusterIp" });
}

function surroundingsOf(task: Generated & Pick<ConnectTask, "cpu" | "family">): HostCallbacks {
  const common = requestOf(task);
  return {
    clusterOf: clustersOf(task),
    runModel: ({ plane, services }, seed) => {
      const job: Job = {
        ...common,
        ...MODEL_MS,
        scenario: "lookup",
        plane,
        services,
        entry: isKernelPlaneId(plane) ? entryOf(plane) : "clusterIp",
        seed,
        options: {},
        zipf: 0,
        popular: "random",
        misses: 0,
        slowdown: 0,
      };
      return runReplicate(MODEL_SCRIPT, job, childPrefix(task.cpu), TIMEOUT_MS);
    },
  };
}

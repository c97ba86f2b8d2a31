/** Rounds of connections through what a program wrote, next to the same to endpoints through a node without it. */

import type { Cluster } from "../../cluster/cluster.js";
import { generateTrace } from "../../cluster/flows.js";
import { replicateSeed } from "../../measure/schedule.js";
import { splitPlaneId } from "../../planes/kube-proxy-versions.js";
import type { Flow } from "../../planes/plane.js";
import { median } from "../../stats/quantile.js";
import { KERNEL_PLANES } from "../planes/index.js";
import { probeFlows, REACHED, type Result } from "../probe.js";
import { endpointFlows, flowsOf } from "../round-flows.js";
import type { Host } from "../testbed/host.js";
import { KernelError, toolPath } from "../testbed/tools.js";
import { Testbed } from "../testbed/topology.js";
import { DecisionVerifier } from "../verify.js";
import type { DataPath } from "./data-path.js";
import type { ProgrammingCell, ProgrammingReport, ProgrammingTask, Visit } from "./tasks.js";

const TIMEOUT_MS = 5000;

/** Where the rounds are made. */
interface Rounds {
  readonly host: Host;
  readonly natives: { readonly probe: string; readonly server: string };
  readonly task: ProgrammingTask;
  readonly cluster: Cluster;
  readonly cell: ProgrammingCell;
  /** With the program at work on its node. */
  readonly testbed: Testbed;
  readonly path: DataPath;
  readonly where: { readonly cell: number; readonly block: number; readonly place: number };
  readonly report: (report: ProgrammingReport) => void;
}

/** Makes the rounds of a visit. Throws KernelError on a decision that breaks the contract. */
export async function connectRounds(setting: Rounds, visit: Visit): Promise<void> {
  const { host, natives, task, cluster, cell, testbed, where, report, path } = setting;
  const { plane, baseline, cgroup } = path;
  const base = new Testbed(host, `b${visit.cell}-${visit.block}`);
  try {
    await base.create(cluster, natives.server);
    await KERNEL_PLANES[baseline].load(
      { host, natives: { ...natives, loader: null, balancer: null }, testbed: base },
      null,
    );
    if (task.cpu !== null) for (const each of [testbed, base]) await each.pinServer(task.cpu);
    for (let round = 0; round < visit.rounds; round++) {
      const began = performance.now();
      const seed = replicateSeed(task.seed, visit.block * visit.rounds + round, visit.cell);
      const trace = generateTrace(cluster, { flows: task.connections, batch: task.connections, seed });
      const flows = flowsOf(trace);
      const results = await connect(testbed, flows, setting, cgroup);
      const verifier = new DecisionVerifier(
        { plane, cluster, program: null },
        cell.program.kind === "kube-proxy" ? splitPlaneId(cell.plane).version : undefined,
      );
      requireAll(cell.plane, flows, results, (flow, result) => verifier.accepts(flow, result));
      const straight = endpointFlows(cluster, trace, seed);
      const bare = await connect(base, straight, setting, null);
      requireAll(baseline, straight, bare, ({ dst }, result) => result.address === dst);
      report({
        kind: "round",
        ...where,
        seed,
        connectNs: results.map(({ connectNs }) => connectNs),
        exchangeNs: results.map(({ exchangeNs }) => exchangeNs),
        baseConnectNs: median(bare.map(({ connectNs }) => connectNs)),
        baseExchangeNs: median(bare.map(({ exchangeNs }) => exchangeNs)),
        wallMs: Math.round(performance.now() - began),
      });
    }
    // Later, connections are made from any core, while the program is at work on all of them.
    if (task.cpu !== null) await testbed.pinServer(null);
  } finally {
    await base.remove();
  }
}

async function connect(
  testbed: Testbed,
  flows: readonly Flow[],
  { natives, task }: Pick<Rounds, "natives" | "task">,
  cgroup: string | null,
): Promise<Result[]> {
  // Closed connections stay in the table for ten seconds.
  await testbed.exec("node", toolPath("conntrack"), ["-F", "-f", `ipv${testbed.family}`]);
  const options = { probe: natives.probe, cpu: task.cpu, cgroup, keepPorts: false };
  return probeFlows(testbed, "client", flows, { ...options, timeoutMs: TIMEOUT_MS });
}

function requireAll(
  plane: string,
  flows: readonly Flow[],
  results: readonly Result[],
  accepts: (flow: Flow, result: Result) => boolean,
): void {
  const wrong = flows.findIndex((flow, i) => results[i]!.outcome !== REACHED || !accepts(flow, results[i]!));
  if (wrong >= 0)
    throw new KernelError(
      `connection ${wrong + 1} of ${flows.length} through ${plane} reached no endpoint of its Service`,
    );
}

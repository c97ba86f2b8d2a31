/** One visit: a fresh program works on a fresh node from nothing, then endpoints change, then a Service is rolled out. */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Cluster, parseAddress, TCP } from "../../cluster/cluster.js";
import { type DualStack, familiesOf } from "../../cluster/family.js";
import type { Flow } from "../../planes/plane.js";
import { Random } from "../../random.js";
import { probeFlows, REACHED } from "../probe.js";
import type { Host } from "../testbed/host.js";
import { KernelError, toolPath } from "../testbed/tools.js";
import { Testbed } from "../testbed/topology.js";
import { ENDPOINT_CHANGES } from "./changes.js";
import { connectRounds } from "./connect-rounds.js";
import { type CiliumReader, type DataPath, dataPathOf } from "./data-path.js";
import { Deadline } from "./deadline.js";
import { NodeProcess } from "./node-process.js";
import {
  changeReplySchema,
  type ProgrammingCell,
  type ProgrammingReport,
  type ProgrammingTask,
  settleReplySchema,
  startReplySchema,
  type Visit,
} from "./tasks.js";
import { visibleAt } from "./visible.js";
import { ConnectionWatcher } from "./watcher.js";

/** Services whose endpoints change, and that are watched while the program starts: as many as tell of all. */
const WATCHED = 32;
const PROBE_TIMEOUT_MS = 3000;
/** Work whose processes have been ended fails at once; a probe of its own namespaces lasts as long as its patience. */
const SETTLE_MS = 2 * PROBE_TIMEOUT_MS;
const MEMORY_FIELDS = { slab: "SUnreclaim", vmalloc: "VmallocUsed" } as const;

/** Compiled once a sandbox. */
export interface ProgrammingNatives {
  readonly probe: string;
  readonly server: string;
  readonly watch: string;
  /** null where no program needs it. */
  readonly timed: string | null;
  readonly reader: CiliumReader | null;
}

export interface VisitSetting {
  readonly host: Host;
  readonly natives: ProgrammingNatives;
  readonly task: ProgrammingTask;
  readonly cluster: Cluster | DualStack;
  readonly limitMs: number;
  /** Whether that is what is left of the run's time. */
  readonly isLimitOfRun: boolean;
  readonly report: (report: ProgrammingReport) => void;
}

/** Makes a visit, reports what it measured, and leaves nothing behind. */
export async function makeVisit(visit: Visit, setting: VisitSetting): Promise<void> {
  const { host, natives, task, limitMs, report } = setting;
  const [cluster] = familiesOf(setting.cluster);
  const cell = task.cells[visit.cell]!;
  const where = { cell: visit.cell, block: visit.block, place: visit.place };
  const began = performance.now();
  const spentMs = (): number => Math.round(performance.now() - began);
  report({ kind: "starting", ...where });
  const testbed = new Testbed(host, `p${visit.cell}-${visit.block}`);
  const deadline = new Deadline({ limitMs, isLimitOfRun: setting.isLimitOfRun, settleMs: SETTLE_MS });
  let stage: "start" | "rounds" | "changes" = "start";
  let node: NodeProcess | undefined;
  let path: DataPath | undefined;
  try {
    await testbed.create(setting.cluster, natives.server);
    path = dataPathOf(cell.program, { host, testbed, ...natives });
    node = new NodeProcess(testbed.namespace("node"));
    const services = changingServices(cluster, task.seed);
    const ongoing = {
      ...{ ...setting, where, testbed, node, cell, services, path },
      report: (said: ProgrammingReport) => {
        if (!deadline.isOver) report(said);
      },
    };
    await deadline.within(firstSync(ongoing));
    stage = "rounds";
    if (visit.rounds > 0) await deadline.within(connectRounds({ ...ongoing, cluster }, visit));
    stage = "changes";
    for (let i = 0; i < visit.changes; i++) await deadline.within(oneChange(ongoing, visit.firstChange + i));
    if (visit.rollout > 0) await deadline.within(rollOut(ongoing, visit.rollout));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    report({ kind: "gap", ...where, stage, reason: error.message, spentMs: spentMs() });
  } finally {
    deadline.end();
    node?.stop();
    await testbed.remove();
    await deadline.settled();
    await path?.remove();
    report({ kind: "left", ...where, spentMs: spentMs() });
  }
}

export interface OngoingVisit extends VisitSetting {
  readonly where: { readonly cell: number; readonly block: number; readonly place: number };
  readonly testbed: Testbed;
  readonly node: NodeProcess;
  readonly cell: ProgrammingCell;
  /** Numbers of the services that change, in order. */
  readonly services: readonly number[];
  readonly path: DataPath;
}

async function firstSync(ongoing: OngoingVisit): Promise<void> {
  const { host, task, testbed, node, cell, services, where, limitMs, report, path } = ongoing;
  const folder = join(host.folder, testbed.name);
  mkdirSync(folder);
  await node.call(
    {
      call: "prepare",
      folder,
      program: path.started,
      services: cell.services,
      endpointsPerService: task.endpointsPerService,
      seed: task.seed,
      family: task.family,
      changing: [...services],
      limitMs,
    },
    z.null(),
  );
  const before = kernelMemory();
  const watchers = watchersOf(ongoing, services, true);
  try {
    const { startNs } = await node.call({ call: "start" }, startReplySchema);
    const settled = node.call({ call: "settle" }, settleReplySchema);
    // A failure is read below: until then it is nobody's.
    settled.catch(() => {});
    await path.attach();
    const end = () => Promise.all(watchers.map((watcher) => watcher.end()));
    await Promise.race([end(), settled.then(end)]);
    const answeredAt = Math.max(
      ...watchers.flatMap(({ connections }) =>
        services.map(
          (_, target) => connections.findLast((each) => each.target === target)?.connectedNs ?? Number.NaN,
        ),
      ),
    );
    if (Number.isNaN(answeredAt)) throw new KernelError("the client that watches connections ended early");
    const { syncedNs, ...used } = await settled;
    const after = kernelMemory();
    await everyServiceAnswers(ongoing);
    report({
      kind: "started",
      ...where,
      answeredNs: answeredAt - startNs,
      syncedNs: syncedNs - startNs,
      ...used,
      slabBytes: after.slab - before.slab,
      vmallocBytes: after.vmalloc - before.vmalloc,
      facts: await path.facts(),
    });
  } finally {
    for (const watcher of watchers) watcher.stop();
  }
}

/** A client of each family, which connects to the same services. */
function watchersOf(
  { testbed, natives, path }: OngoingVisit,
  services: readonly number[],
  untilAnswered: boolean,
): ConnectionWatcher[] {
  return testbed.families.map(({ cluster, addressing }) => {
    const flows = services.map((service) => flowTo(cluster, service));
    const options = { cgroup: path.cgroup, addressing, untilAnswered };
    return new ConnectionWatcher(testbed.namespace("client"), natives.watch, flows, options);
  });
}

async function oneChange(ongoing: OngoingVisit, number: number): Promise<void> {
  const { testbed, node, services, where, report } = ongoing;
  const began = performance.now();
  const change = ENDPOINT_CHANGES[number % ENDPOINT_CHANGES.length]!;
  // A service goes through all kinds of changes, then the next does.
  const service = services[Math.floor(number / ENDPOINT_CHANGES.length) % services.length]!;
  // Closed connections stay in the table for ten seconds.
  for (const { family } of testbed.families)
    await testbed.exec("node", toolPath("conntrack"), ["-F", "-f", `ipv${family}`]);
  const watchers = watchersOf(ongoing, [service], false);
  try {
    await Promise.all(watchers.map((watcher) => watcher.until(({ length }) => (length > 0 ? length : null))));
    const made = await node.call({ call: "change", service, kind: change }, changeReplySchema);
    // Visible where every family's connections follow it.
    const seenAt = Math.max(
      ...(await Promise.all(
        testbed.families.map(({ cluster }, i) => {
          const { joined, left } = made.moved[i]!;
          const moved = { joined: addressOf(cluster, joined), left: addressOf(cluster, left) };
          return watchers[i]!.until((connections) => visibleAt(connections, moved, made.sentNs));
        }),
      )),
    );
    report({
      kind: "changed",
      ...where,
      change,
      syncNs: made.syncedNs - made.sentNs,
      visibleNs: seenAt - made.sentNs,
      tools: made.tools,
      syncs: made.syncs,
      wallMs: Math.round(performance.now() - began),
    });
  } finally {
    for (const watcher of watchers) watcher.stop();
  }
}

async function rollOut({ node, services, where, report }: OngoingVisit, endpoints: number): Promise<void> {
  const began = performance.now();
  const service = services.at(-1)!;
  await node.call({ call: "resize", service, endpoints }, z.null());
  const made = await node.call({ call: "roll out", service }, changeReplySchema);
  report({
    kind: "rolled out",
    ...where,
    syncNs: made.syncedNs - made.sentNs,
    syncs: made.syncs,
    operations: made.operations,
    endpoints,
    wallMs: Math.round(performance.now() - began),
  });
}

/** Watching some of them tells when; that it holds of all is checked afterwards. */
async function everyServiceAnswers({ natives, testbed, cell, path }: OngoingVisit): Promise<void> {
  const options = { probe: natives.probe, cpu: null, cgroup: path.cgroup, keepPorts: false };
  for (const { cluster, addressing } of testbed.families) {
    const flows = Array.from({ length: cluster.services }, (_, service) => flowTo(cluster, service));
    const results = await probeFlows(testbed, "client", flows, {
      ...options,
      addressing,
      timeoutMs: PROBE_TIMEOUT_MS,
    });
    const silent = results.filter(
      ({ outcome, address }, i) => outcome !== REACHED || address === flows[i]!.dst,
    );
    if (silent.length > 0) {
      throw new KernelError(
        `${cell.plane} said that it had synced, and ${silent.length} of ${flows.length} Services do not answer`,
      );
    }
  }
}

/** A new client of each service, so that none meets what another left in the table of connections. */
function flowTo(cluster: Cluster, service: number): Flow {
  const { clientCidr } = cluster.network;
  return {
    src: clientCidr.base + 1 + (service % 200),
    sport: 0,
    dst: cluster.clusterIp[service]!,
    dport: cluster.port[cluster.portStart[service]!]!,
    protocol: TCP,
  };
}

/** Seeded, so that each version changes the same ones. The last is for the rollout. */
function changingServices(cluster: Cluster, seed: number): number[] {
  const all = Uint32Array.from({ length: cluster.services }, (_, service) => service);
  return [...Random.fromSeed(seed, "services that change").shuffle(all).subarray(0, WATCHED)];
}

function addressOf({ network: { ipv6 } }: Cluster, text: string | null): number | null {
  if (text === null) return null;
  return (ipv6 === undefined ? parseAddress(text) : ipv6.parse(text)) ?? null;
}

/** Of the whole machine: nothing tells whose it is. */
function kernelMemory(): { slab: number; vmalloc: number } {
  const text = readFileSync("/proc/meminfo", "utf8");
  const bytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { slab: bytes(MEMORY_FIELDS.slab), vmalloc: bytes(MEMORY_FIELDS.vmalloc) };
}
